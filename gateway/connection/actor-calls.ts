import type {
  BindResult,
  ConnectionRef,
  DeliveryTerms,
  HandleResult,
  Op,
  SessionCheck,
  TouchResult,
  UserContract,
} from '../../actors/user/contract.ts'
import type { PresenceStatus } from '../../protocol/presence.ts'
import type { Actors } from '../../runtime/actor-runtime.ts'
import type { Limit } from '../../runtime/limit.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Session } from '../auth/tokens.ts'
import type { Confirming } from './connection-state.ts'
import type { HostLines } from './host-lines.ts'

export interface ActorCallsParts {
  readonly gatewayId: string
  readonly users: Actors<UserContract>
  /** Has touches wait their turn: a doubt is about many connections. */
  readonly touches: Limit
  readonly hostLines: HostLines
  readonly logger: Logger
}

/** What one connection asks its user's actor. All but `unbind` reject when there is no answer in time. */
export class ActorCalls {
  readonly #connId: string
  readonly #parts: ActorCallsParts
  #device = ''
  #presence: PresenceStatus = 'online'

  constructor(connId: string, parts: ActorCallsParts) {
    this.#connId = connId
    this.#parts = parts
  }

  get presence(): PresenceStatus {
    return this.#presence
  }

  /** `signal` ends the tries once nobody waits: a bind that comes late would put out whoever came after. */
  bind(session: Session, device: string, delivery: DeliveryTerms, signal: AbortSignal): Promise<BindResult> {
    const { gatewayId, users } = this.#parts
    const { user, policy } = session
    this.#device = device
    const binding = { ...this.#ref(session), gatewayId, ...(policy && { policy }), ...delivery }
    return users.call(user, 'bind', binding, { signal })
  }

  /** What was doubted while it waited is answered with the rest. */
  touch(confirming: Confirming): Promise<TouchResult> {
    return this.#parts.touches.run(() => {
      confirming.doubted = false
      const { session, abandoned } = confirming
      const args = { ...this.#ref(session), presence: this.#presence }
      return this.#parts.users.call(session.user, 'touch', args, { signal: abandoned.signal })
    })
  }

  /** `hostId`: the host that the actor was last known on, while the connection is bound. */
  handle(session: Session, hostId: string | undefined, ops: readonly Op[]): Promise<HandleResult> {
    const { users, hostLines } = this.#parts
    for (const op of ops) if (op.op === 'presence') this.#presence = op.status
    return hostLines.run(hostId ?? '', () =>
      users.call(session.user, 'handle', { ...this.#ref(session), ops }),
    )
  }

  checkSession({ user, sv }: Session): Promise<SessionCheck> {
    return this.#parts.users.call(user, 'checkSession', { sv })
  }

  /** Best effort: a route that stays is found dead when somebody asks for it. */
  unbind(session: Session): void {
    const { users, logger } = this.#parts
    const { user } = session
    users
      .call(user, 'unbind', this.#ref(session))
      .catch(error => logger.debug({ err: error, connId: this.#connId, user }, 'unbind unanswered'))
  }

  #ref({ sv }: Session): ConnectionRef {
    return { connId: this.#connId, sv, device: this.#device }
  }
}
