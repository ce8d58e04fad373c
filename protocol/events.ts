import type { Entry } from './entries.ts'
import type { UserId } from './ids.ts'

/** What an actor pushes to a connection. Each wire protocol encodes these for its clients. */
export type PushEvent =
  | { readonly kind: 'entry'; readonly seq: number; readonly entry: Entry }
  | {
      readonly kind: 'receipt'
      readonly status: ReceiptStatus
      readonly seqs: readonly number[]
      readonly from: UserId
    }

export type ReceiptStatus = 'delivered' | 'read'
