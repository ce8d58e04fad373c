import type { NewEntry } from '../../messaging/message-log.ts'
import type { DeadLetter } from '../../storage/saved-message.ts'
import type { Store } from '../../storage/store.ts'

/** A store, and the way entries get into it: by the log or by a saver. */
export interface StoreHarness {
  readonly store: Store
  /** Stores the entries in this order; answers their seqs. */
  save(entries: readonly NewEntry[]): Promise<number[]>
  /** Puts a letter where savers and auditors put them, in the place of the row that it has not become. */
  bury(letter: DeadLetter): Promise<void>
  close(): Promise<void>
}

export interface Context {
  readonly store: () => Store
  readonly save: (entries: readonly NewEntry[]) => Promise<number[]>
  readonly bury: (letter: DeadLetter) => Promise<void>
}
