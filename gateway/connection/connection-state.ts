import type { PushedEvent } from '../../protocol/events.ts'
import type { Session } from '../auth/tokens.ts'
import type { ClientFrame, FrameRef } from './wire-protocol.ts'

interface Held {
  readonly epoch: number
  readonly n: number
  readonly event: PushedEvent
}

/** A token is being verified; frames wait. */
export interface Authenticating {
  readonly phase: 'authenticating'
  readonly backlog: ClientFrame[]
  /** Of the frame that brought the token. */
  readonly ref: FrameRef | undefined
}

/** The actor is asked to bind or touch; operations and pushes wait. */
export interface Confirming {
  readonly phase: 'confirming'
  /** A renewal replaces it in place: who waits for the actor knows its state by identity. */
  session: Session
  readonly device: string
  readonly held: Held[]
  /** Aborted when the socket is gone meanwhile. */
  readonly abandoned: AbortController
  /** Doubted since the actor was asked: its answer may be of before, and it is asked once more. */
  doubted: boolean
}

/** Everything flows. */
interface Bound {
  readonly phase: 'bound'
  session: Session
  readonly device: string
  readonly hostId: string
}

export type ConnectionState =
  /** No token yet; the first frame has to bring one. */
  | { readonly phase: 'awaiting-auth'; readonly timer: NodeJS.Timeout }
  | Authenticating
  | Confirming
  | Bound
  /** Nothing is accepted or delivered any more. */
  | { readonly phase: 'closing' }

export const confirmingOf = (session: Session, device: string): Confirming => ({
  phase: 'confirming',
  session,
  device,
  held: [],
  abandoned: new AbortController(),
  doubted: false,
})
