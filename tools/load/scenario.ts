import type { Frame, LeanClient } from './lean-client.ts'
import type { Counts } from './tally.ts'

/** What the clients of one mode say when it is their turn, and what they make of what they hear. */
export interface Scenario {
  /** `at`: when the turn was to be, ms of performance.now(); `measured` is false while warming up. */
  turn(client: LeanClient, at: number, measured: boolean): void
  onFrame(client: LeanClient, frame: Frame): void
  /** The client has a new connection after it had lost one. */
  onReconnected(client: LeanClient): void
  /** The client has no connection and will get none: nothing more is expected of it. */
  onGone(client: LeanClient): void
  /** How much is still on its way. */
  readonly unsettled: number
  /** What has become of everything so far. */
  counts(): Partial<Counts>
}

/** What every scenario reports to. */
export interface Observer {
  record(timing: 'accepted' | 'saved' | 'e2e' | 'receipt' | 'pong' | 'late', ms: number): void
  error(reason: string): void
}
