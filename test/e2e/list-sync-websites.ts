import { expect } from 'chai'
import type { Website, WebsiteFields } from '../../storage/topics/topic-store.ts'
import { api } from '../support/api.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'

let domains = 0

/** A host name that no other test has. */
export const newDomain = (): string => `site-${process.pid}-${++domains}.example.com`

/** An administrator at one gateway of a target. */
export class WebsiteAdmin {
  readonly #url: string
  readonly #token: string

  private constructor(url: string, token: string) {
    this.#url = url
    this.#token = token
  }

  static async at(target: Target, gateway: number): Promise<WebsiteAdmin> {
    const token = await signToken(target, newUser('admin'), { role: 'admin' })
    return new WebsiteAdmin(gatewayOf(target, gateway), token)
  }

  async create(fields: Partial<WebsiteFields> = {}): Promise<number> {
    const { id } = await this.#post('create', { primary_domain: newDomain(), ...fields })
    return id as number
  }

  async update(id: number, fields: Partial<WebsiteFields>): Promise<void> {
    await this.#post('update', { id, ...fields })
  }

  async delete(...ids: number[]): Promise<number> {
    const { deleted } = await this.#post('delete', { ids })
    return deleted as number
  }

  /** Every website, by pages. Only where nobody changes them meanwhile are the pages of one list. */
  async all(): Promise<Website[]> {
    const items: Website[] = []
    for (let page = 1; ; page++) {
      const path = `/api/v1/websites?page=${page}&pageSize=100`
      const { body } = await api(this.#url, path, { token: this.#token })
      const data = body.data as { items: Website[]; total: number }
      items.push(...data.items)
      if (page * 100 >= data.total) return items
    }
  }

  async #post(action: string, body: object): Promise<Record<string, unknown>> {
    const answer = await api(this.#url, `/api/v1/websites/${action}`, { token: this.#token, body })
    expect(answer.body, JSON.stringify(answer.body)).to.include({ code: 0 })
    return answer.body.data as Record<string, unknown>
  }
}
