import type { NewEntry } from '../../messaging/message-log.ts'
import type { Store } from '../../storage/store.ts'

/** A store, and the way entries get into it: by the log or by a saver. */
export interface StoreHarness {
  readonly store: Store
  /** Stores the entries in this order; answers their seqs. */
  save(entries: readonly NewEntry[]): Promise<number[]>
  close(): Promise<void>
}

export interface Context {
  readonly store: () => Store
  readonly save: (entries: readonly NewEntry[]) => Promise<number[]>
}
