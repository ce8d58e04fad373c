import type { ReadLine } from '../history.ts'
import { PairMap } from '../pair-map.ts'

/** Where reads alone have moved a read cursor: at least to `sure`, at most to `possible`. */
export interface ReadCursor {
  sure: number
  possible: number
}

/** A read is surely applied from its `ok` on, possibly from its first line on. */
export class ReadCursors {
  /** By user and conversation. */
  readonly #cursors = new PairMap<ReadCursor>(() => ({ sure: 0, possible: 0 }))

  get(user: string, conv: string): Readonly<ReadCursor> {
    return this.#cursors.get(user, conv)
  }

  read({ type, user, conv, upto }: ReadLine): void {
    if (type === 'fail') return
    const cursor = this.#cursors.get(user, conv)
    cursor.possible = Math.max(cursor.possible, upto)
    if (type === 'ok') cursor.sure = Math.max(cursor.sure, upto)
  }
}
