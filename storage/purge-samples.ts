import type { Database } from './database.ts'

/** Who reads the log, and has it purged of what it has read. */
export type Purger = 'saver' | 'auditor'

/** Samples within the retention. */
const SAMPLES = 60

/**
 * Which entries were read long enough ago to leave the log. Positions are rows, with the time by the database's clock
 * at which they were reached, not more often than it matters: a process that is started again goes on from them,
 * however often. Any number of processes may ask; purges come later then, never earlier.
 */
export class PurgeSamples {
  readonly #database: Database
  readonly #purger: Purger
  readonly #retentionSeconds: number

  constructor(database: Database, purger: Purger, retentionMs: number) {
    this.#database = database
    this.#purger = purger
    this.#retentionSeconds = Math.ceil(retentionMs / 1000)
  }

  /**
   * Notes that everything up to `position` is read. Answers up to where to purge now, told once, or undefined when
   * nothing has become old enough.
   */
  async due(position: number): Promise<number | undefined> {
    const { now: clock } = this.#database.dialect
    const rows = await this.#database.rows<{ at: number | null; position: number | null; now: number }>(
      `select s.at, s.position, c.now from (select ${clock} as now) c
       left join purge_sample s on s.purger = ? order by s.at`,
      [this.#purger],
    )
    const now = rows[0]?.now ?? 0
    const samples = rows.flatMap(({ at, position }) =>
      at === null || position === null ? [] : { at, position },
    )
    await this.#note(samples.at(-1), position, now)
    const old = samples.filter(({ at }) => now - at >= this.#retentionSeconds).at(-1)
    if (!old) return undefined
    await this.#database.run('delete from purge_sample where purger = ? and at <= ?', [this.#purger, old.at])
    return old.position
  }

  async #note(
    newest: { readonly at: number; readonly position: number } | undefined,
    position: number,
    now: number,
  ): Promise<void> {
    const soon = newest && now - newest.at < this.#retentionSeconds / SAMPLES
    if (soon || position <= (newest?.position ?? 0)) return
    await this.#database.run(
      `${this.#database.dialect.insertIgnore} into purge_sample (purger, at, position) values (?, ?, ?)`,
      [this.#purger, now, position],
    )
  }
}
