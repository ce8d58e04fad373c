import type { Server, Socket } from 'socket.io'
import type { Snapshot, TopicEvent } from '../../storage/topics/topic-store.ts'
import type { Session } from '../auth/tokens.ts'

/** What clients say: the arguments are whatever they send. */
interface Requests {
  [event: `request:${string}`]: (...args: unknown[]) => void
}

/** What clients are told. Source: the list sync contract. */
interface Answers {
  connected: (greeting: { readonly ok: true }) => void
  [event: `${string}:initial`]: (list: InitialList) => void
  [event: `${string}:update`]: (update: ListUpdate) => void
}

export interface InitialList extends Snapshot {
  readonly total: number
  /** Grows with every change. */
  readonly version: number
}

export interface ListUpdate {
  readonly eventId: number
  readonly type: TopicEvent['type']
  readonly data: object
}

interface SocketData {
  session: Session
}

export type ListServer = Server<Requests, Answers, Record<string, never>, SocketData>
export type ListSocket = Socket<Requests, Answers, Record<string, never>, SocketData>
