import type {
  BindResult,
  DeliveryTerms,
  HandleResult,
  Op,
  SessionCheck,
  TouchResult,
  UserContract,
} from '../actors/user/contract.ts'
import type { Actors } from '../runtime/actor-runtime.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Session } from './auth/tokens.ts'

export interface ActorCallsParts {
  readonly gatewayId: string
  readonly users: Actors<UserContract>
  readonly logger: Logger
}

/** What one connection asks its user's actor. All but `unbind` reject when there is no answer in time. */
export class ActorCalls {
  readonly #connId: string
  readonly #parts: ActorCallsParts

  constructor(connId: string, parts: ActorCallsParts) {
    this.#connId = connId
    this.#parts = parts
  }

  /** `signal` ends the tries once nobody waits: a bind that comes late would put out whoever came after. */
  bind(
    { user, sv }: Session,
    device: string,
    delivery: DeliveryTerms,
    signal: AbortSignal,
  ): Promise<BindResult> {
    const { gatewayId, users } = this.#parts
    const binding = { connId: this.#connId, gatewayId, sv, device, ...delivery }
    return users.call(user, 'bind', binding, { signal })
  }

  touch({ user, sv }: Session, signal: AbortSignal): Promise<TouchResult> {
    return this.#parts.users.call(user, 'touch', { connId: this.#connId, sv }, { signal })
  }

  handle({ user, sv }: Session, ops: readonly Op[]): Promise<HandleResult> {
    return this.#parts.users.call(user, 'handle', { connId: this.#connId, sv, ops })
  }

  checkSession({ user, sv }: Session): Promise<SessionCheck> {
    return this.#parts.users.call(user, 'checkSession', { sv })
  }

  /** Best effort: a route that stays is found dead when somebody asks for it. */
  unbind({ user, sv }: Session): void {
    const { users, logger } = this.#parts
    const connId = this.#connId
    users
      .call(user, 'unbind', { connId, sv })
      .catch(error => logger.debug({ err: error, connId, user }, 'unbind unanswered'))
  }
}
