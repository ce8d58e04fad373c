import type { AuditTrail } from '../../messaging/audit-trail.ts'
import type { AuditEvent, AuditName } from '../../protocol/audit.ts'
import type { UserId } from '../../protocol/ids.ts'
import type { Binding, SessionOrigin } from './contract.ts'
import type { Eviction } from './route.ts'

/** What an auditor hears of a user's sessions and connections. A repeated call tells the same event again. */
export class SessionAudit {
  readonly #user: UserId
  readonly #trail: AuditTrail

  constructor(user: UserId, trail: AuditTrail) {
    this.#user = user
    this.#trail = trail
  }

  /** A login or logout, once the session version it asked for is in force. */
  opened(sv: number, { event, id, gatewayId, address }: SessionOrigin): void {
    this.#tell(event, `${event}:${id}`, { gatewayId, ...(address && { address }), detail: { sv } })
  }

  /** By a token that somebody else's user centre has signed. */
  raised(sv: number): void {
    this.#tell('session-raised', `session:${this.#user}:${sv}`, { detail: { sv } })
  }

  bound(binding: Binding): void {
    this.#tell('bound', `bound:${binding.connId}`, of(binding))
  }

  unbound(binding: Binding, why: 'closed' | 'gateway_lost'): void {
    const { detail, ...where } = of(binding)
    this.#tell('unbound', `unbound:${binding.connId}`, { ...where, detail: { ...detail, why } })
  }

  kicked({ connection, reason }: Eviction): void {
    const { detail, ...where } = of(connection)
    this.#tell('kicked', `kicked:${connection.connId}`, { ...where, detail: { ...detail, reason } })
  }

  #tell(
    event: AuditName,
    id: string,
    more: Pick<AuditEvent, 'connId' | 'gatewayId' | 'device' | 'address' | 'detail'>,
  ): void {
    this.#trail.record({
      kind: 'event',
      id,
      event,
      user: this.#user,
      by: this.#user,
      at: Date.now(),
      ...more,
    })
  }
}

const of = ({ connId, gatewayId, device, sv }: Binding) => ({ connId, gatewayId, device, detail: { sv } })
