import type { StreamCounts } from './stream.ts'

/** What a run counts. Sums, so that those of several workers and runs add up. */
export interface Counts extends StreamCounts {
  /** Due while their client was not connected, and never sent. */
  unsent: number
  connected: number
  connectFailed: number
  /** Connections that ended before they were to. */
  disconnected: number
  reconnected: number
  /** PINGs and their answers. */
  pings: number
  pongs: number
  /** Read receipts that reached the senders; best effort, so none is missed. */
  receipts: number
  /** Messages of somebody else (an earlier run), acknowledged and left aside. */
  foreign: number
}

export const noCounts = (): Counts => ({
  offered: 0,
  unsent: 0,
  sent: 0,
  accepted: 0,
  saved: 0,
  refused: 0,
  received: 0,
  unanswered: 0,
  lost: 0,
  unsaved: 0,
  duplicated: 0,
  reordered: 0,
  contradicted: 0,
  connected: 0,
  connectFailed: 0,
  disconnected: 0,
  reconnected: 0,
  pings: 0,
  pongs: 0,
  receipts: 0,
  foreign: 0,
})

export function addCounts(sum: Counts, more: Partial<Counts>): void {
  for (const name of Object.keys(more) as (keyof Counts)[]) sum[name] += more[name] ?? 0
}

/** Errors by reason: `server_busy`, `close 4500`, `ECONNREFUSED`, … */
export type Errors = Record<string, number>

export function addErrors(sum: Errors, more: Errors): void {
  for (const [reason, count] of Object.entries(more)) sum[reason] = (sum[reason] ?? 0) + count
}

/**
 * The promises that were broken. A message that comes again under its seq after a reconnection is the protocol's way,
 * so `repeatsAllowed` says whether connections were made again.
 */
export const violations = (counts: Counts, repeatsAllowed: boolean): number =>
  counts.lost +
  counts.unsaved +
  counts.reordered +
  counts.contradicted +
  (repeatsAllowed ? 0 : counts.duplicated)
