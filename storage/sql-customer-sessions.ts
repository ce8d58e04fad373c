import {
  type CustomerSession,
  type CustomerSessionStatus,
  customerSessionId,
  customerSessionNumber,
} from '../protocol/customer-session.ts'
import type { UserId } from '../protocol/ids.ts'
import type { Database } from './database.ts'
import type { CustomerSessionStore } from './store.ts'

interface SessionRow {
  readonly id: number
  readonly customer_id: UserId
  readonly status: CustomerSessionStatus
  readonly agent_id: UserId | null
  readonly agent_name: string | null
  readonly close_reason: string | null
  readonly opened_at: number
  readonly changed_at: number
}

const COLUMNS = 'id, customer_id, status, agent_id, agent_name, close_reason, opened_at, changed_at'

export class SqlCustomerSessions implements CustomerSessionStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** `open_customer` is unique, and null once a session is closed: a customer has at most one that is open. */
  async open(customer: UserId, now: number): Promise<CustomerSession> {
    await this.#database.run(
      `${this.#database.dialect.insertIgnore} into customer_session
       (customer_id, open_customer, status, opened_at, changed_at) values (?, ?, 'WAITING', ?, ?)`,
      [customer, customer, now, now],
    )
    const session = await this.#find('open_customer = ?', customer)
    // Closed between the two statements: then there is none, and the next try makes one.
    return session ?? this.open(customer, now)
  }

  async take(id: string, agent: { readonly id: UserId; readonly name: string }, now: number) {
    const number = customerSessionNumber(id)
    if (number === undefined) return undefined
    await this.#database.run(
      `update customer_session set status = 'ACTIVE', agent_id = ?, agent_name = ?, changed_at = ?
       where id = ? and status = 'WAITING'`,
      [agent.id, agent.name, now, number],
    )
    return this.#find('id = ?', number)
  }

  async close(id: string, user: UserId, reason: string | undefined, now: number) {
    const number = customerSessionNumber(id)
    if (number === undefined) return undefined
    await this.#database.run(
      `update customer_session set status = 'CLOSED', open_customer = null, close_reason = ?, changed_at = ?
       where id = ? and status <> 'CLOSED' and (customer_id = ? or agent_id = ?)`,
      [reason ?? null, now, number, user, user],
    )
    return this.#find('id = ?', number)
  }

  async list(status: CustomerSessionStatus, limit: number): Promise<readonly CustomerSession[]> {
    const rows = await this.#database.rows<SessionRow>(
      `select ${COLUMNS} from customer_session where status = ?
       order by id ${status === 'WAITING' ? 'asc' : 'desc'} limit ?`,
      [status, limit],
    )
    return rows.map(sessionOf)
  }

  async #find(where: string, value: string | number): Promise<CustomerSession | undefined> {
    const [row] = await this.#database.rows<SessionRow>(
      `select ${COLUMNS} from customer_session where ${where}`,
      [value],
    )
    return row && sessionOf(row)
  }
}

const sessionOf = (row: SessionRow): CustomerSession => ({
  id: customerSessionId(row.id),
  customer: row.customer_id,
  status: row.status,
  ...(row.agent_id !== null && { agent: row.agent_id }),
  ...(row.agent_name !== null && { agentName: row.agent_name }),
  ...(row.close_reason !== null && { closeReason: row.close_reason }),
  openedAt: row.opened_at,
  changedAt: row.changed_at,
})
