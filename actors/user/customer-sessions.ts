import type { Bus } from '../../messaging/bus.ts'
import { subjects } from '../../messaging/subjects.ts'
import type { CustomerSession } from '../../protocol/customer-session.ts'
import type { PushEvent } from '../../protocol/events.ts'
import type { UserId } from '../../protocol/ids.ts'
import type { AccountStore, CustomerSessionStore } from '../../storage/store.ts'
import type { CustomerSessionOp, OpResult } from './contract.ts'

export interface CustomerSessionsParts {
  readonly bus: Bus
  readonly sessions: CustomerSessionStore
  readonly accounts: Pick<AccountStore, 'byId'>
}

/**
 * What a user does with customer sessions, as customer or as agent. The database decides; both sides' active
 * connections hear the session's status as it is then, also when a repeat changes nothing.
 */
export class CustomerSessions {
  readonly #user: UserId
  readonly #parts: CustomerSessionsParts

  constructor(user: UserId, parts: CustomerSessionsParts) {
    this.#user = user
    this.#parts = parts
  }

  async handle(op: CustomerSessionOp): Promise<OpResult> {
    const session = await this.#change(op)
    if (!session) return { reason: 'customer_session_not_found' }
    if (op.op === 'session.take' && (session.agent !== this.#user || session.status !== 'ACTIVE'))
      return { reason: 'customer_session_taken' }
    if (session.customer !== this.#user && session.agent !== this.#user)
      return { reason: 'customer_session_not_found' }
    this.#tell(session)
    return null
  }

  async #change(op: CustomerSessionOp): Promise<CustomerSession | undefined> {
    const { sessions } = this.#parts
    const now = Date.now()
    switch (op.op) {
      case 'session.open':
        return sessions.open(this.#user, now)
      case 'session.take':
        return sessions.take(op.sessionId, { id: this.#user, name: await this.#name() }, now)
      case 'session.close':
        return sessions.close(op.sessionId, this.#user, op.closeReason, now)
      default:
        return op satisfies never
    }
  }

  /** Users of other user centres have no account here: their ids are their names. */
  async #name(): Promise<string> {
    const id = Number(this.#user)
    const account = Number.isSafeInteger(id) ? await this.#parts.accounts.byId(id) : undefined
    return account?.username ?? this.#user
  }

  #tell(session: CustomerSession): void {
    const event: PushEvent = { kind: 'session', session }
    for (const user of new Set([session.customer, session.agent ?? session.customer]))
      this.#parts.bus.publish(subjects.actorEvent('user', user), event)
  }
}
