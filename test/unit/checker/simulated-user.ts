import { SimulatedMembership } from './simulated-membership.ts'

export interface SimulatedMessage {
  readonly kind: 'message'
  readonly from: string
  readonly id: string
  readonly conv: string
  /** The connection it was last asked for or accepted on. */
  conn: string
  seq: number
  /** The client has given up waiting for its answer. */
  isUnknown: boolean
  isRefused: boolean
}

export interface SimulatedNotice {
  readonly kind: 'notice'
  readonly conv: string
  readonly seq: number
  readonly event: string
  readonly from: string
  readonly users: readonly string[]
}

export interface SimulatedLogin {
  readonly conn: string
  isBound: boolean
  sv: number
}

export interface SimulatedRead {
  readonly conv: string
  readonly upto: number
}

export interface SimulatedQuestion {
  readonly conv: string
  value: number | undefined
}

/** A user as client and server see it; the world moves it. */
export class SimulatedUser {
  readonly name: string
  /** The connection that the client takes for its own. */
  conn = 'none'
  /** The one that the server pushes to. */
  bound: string | undefined
  sv = 0
  readonly logins: SimulatedLogin[] = []
  /** Invoked, not stored yet. */
  readonly outgoing: SimulatedMessage[] = []
  /** Stored or refused, not answered yet. */
  readonly unanswered: SimulatedMessage[] = []
  readonly feed: (SimulatedMessage | SimulatedNotice)[] = []
  /** How much of the feed has been delivered, and how much of that is on its way to the last connection. */
  delivered = 0
  late: { readonly until: number; readonly conn: string } = { until: 0, conn: '' }
  readonly reads: SimulatedRead[] = []
  readonly applied: SimulatedRead[] = []
  readonly questions: SimulatedQuestion[] = []
  /** By conversation: the read cursor, and how far any read could have moved it. */
  readonly cursors = new Map<string, number>()
  readonly asked = new Map<string, number>()
  /** In the one group there is. */
  readonly membership = new SimulatedMembership()

  constructor(name: string) {
    this.name = name
  }

  moveCursor(conv: string, seq: number): void {
    this.cursors.set(conv, Math.max(seq, this.cursors.get(conv) ?? 0))
  }

  /** As the server counts it: of the group, from the joining on that it knows of. */
  unread(conv: string, isGroup: boolean): number {
    const since = isGroup ? this.membership.knownSince : 0
    if (since === undefined) return 0
    const cursor = Math.max(since, this.cursors.get(conv) ?? 0)
    return this.feed.filter(each => each.kind === 'message' && each.conv === conv && each.seq > cursor).length
  }
}
