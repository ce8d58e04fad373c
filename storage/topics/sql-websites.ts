import type { Transaction } from '@mikro-orm/sql'
import { placeholders } from '../chunks.ts'
import type { Database, Parameter } from '../database.ts'
import type { SqlOutbox } from './sql-outbox.ts'
import type { Created, Snapshot, Updated, Website, WebsiteFields, WebsiteStore } from './topic-store.ts'

const COLUMNS = 'id as website_id, primary_domain, cname, line_group, https_enabled, status' as const

/** The websites, each change with its event. */
export class SqlWebsites implements WebsiteStore {
  readonly topic = 'websites'
  readonly #database: Database
  readonly #outbox: SqlOutbox

  constructor(database: Database, outbox: SqlOutbox) {
    this.#database = database
    this.#outbox = outbox
  }

  snapshot(): Promise<Snapshot> {
    return this.#outbox.snapshot(this.topic, within => this.#select('order by id', [], within))
  }

  create(fields: WebsiteFields): Promise<Created> {
    return this.#outbox.change(this.topic, async ({ within, record }) => {
      if (await this.#withDomain(fields.primary_domain, within)) return { ok: false, reason: 'taken' }
      await this.#database.run(
        `insert into websites (primary_domain, cname, line_group, https_enabled, status)
         values ${placeholders(1, 5)}`,
        valuesOf(fields),
        within,
      )
      const website = await this.#withDomain(fields.primary_domain, within)
      if (!website) throw new Error('the website that was inserted is not there')
      record('add', website)
      return { ok: true, id: website.website_id }
    })
  }

  update(id: number, changes: Partial<WebsiteFields>): Promise<Updated> {
    return this.#outbox.change(this.topic, async ({ within, record }) => {
      const [before] = await this.#select('where id = ?', [id], within)
      if (!before) return { ok: false, reason: 'unknown' }
      const website: Website = { ...before, ...changes }
      const holder = await this.#withDomain(website.primary_domain, within)
      if (holder && holder.website_id !== id) return { ok: false, reason: 'taken' }
      await this.#database.run(
        `update websites set primary_domain = ?, cname = ?, line_group = ?, https_enabled = ?, status = ?
         where id = ?`,
        [...valuesOf(website), id],
        within,
      )
      record('update', website)
      return { ok: true }
    })
  }

  delete(ids: readonly number[]): Promise<number> {
    return this.#outbox.change(this.topic, async ({ within, record }) => {
      const where = `where id in ${placeholders(1, ids.length)}`
      const present = await this.#select(`${where} order by id`, ids, within)
      await this.#database.run(`delete from websites ${where}`, ids, within)
      for (const { website_id } of present) record('delete', { website_id })
      return present.length
    })
  }

  find(id: number): Promise<Website | undefined> {
    return this.#outbox.moment(async within => (await this.#select('where id = ?', [id], within))[0])
  }

  page(page: number, size: number) {
    return this.#outbox.moment(async within => {
      const counted = 'select count(*) as total from websites'
      const [count] = await this.#database.rows<{ total: number }>(counted, [], within)
      const items = await this.#select('order by id limit ? offset ?', [size, (page - 1) * size], within)
      return { total: count?.total ?? 0, items }
    })
  }

  async #withDomain(domain: string, within: Transaction): Promise<Website | undefined> {
    return (await this.#select('where primary_domain = ?', [domain], within))[0]
  }

  async #select(which: string, parameters: readonly Parameter[], within: Transaction): Promise<Website[]> {
    const sql = `select ${COLUMNS} from websites ${which}`
    const rows = await this.#database.rows<WebsiteRow>(sql, parameters, within)
    return rows.map(row => ({ ...row, https_enabled: row.https_enabled === 1 }))
  }
}

/** Neither database has a type for truth. */
type WebsiteRow = Omit<Website, 'https_enabled'> & { readonly https_enabled: number }

const valuesOf = (fields: WebsiteFields): Parameter[] => [
  fields.primary_domain,
  fields.cname,
  fields.line_group,
  fields.https_enabled ? 1 : 0,
  fields.status,
]
