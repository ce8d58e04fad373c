import type { PushEvent } from '../protocol/events.ts'
import type { Session } from './auth/tokens.ts'
import type { ClientFrame } from './wire-protocol.ts'

interface Held {
  readonly epoch: number
  readonly n: number
  readonly event: PushEvent
}

interface Bound {
  readonly session: Session
  readonly device: string
  readonly hostId: string
}

/**
 * - `awaiting-auth`: no token yet; the first frame has to bring one.
 * - `authenticating`: a token is being verified; frames wait.
 * - `confirming`: the actor is asked to bind or touch; operations and pushes wait.
 * - `bound`: everything flows.
 * - `closing`: nothing is accepted or delivered any more.
 */
export type ConnectionState =
  | { readonly phase: 'awaiting-auth'; readonly timer: NodeJS.Timeout }
  | { readonly phase: 'authenticating'; readonly backlog: ClientFrame[] }
  | {
      readonly phase: 'confirming'
      readonly session: Session
      readonly device: string
      readonly held: Held[]
    }
  | ({ readonly phase: 'bound' } & Bound)
  | { readonly phase: 'closing' }
