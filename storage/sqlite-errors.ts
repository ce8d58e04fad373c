/** Primary result codes (the low byte) of failures of the database itself, not of one statement's values. */
const OF_DATABASE = new Set<number>([
  2, // internal
  3, // perm
  4, // abort
  5, // busy
  6, // locked
  7, // nomem
  8, // readonly
  9, // interrupt
  10, // ioerr
  11, // corrupt
  13, // full
  14, // cantopen
  15, // protocol
  21, // misuse
  26, // notadb
])
const BUSY = 5

/** Another connection holds the lock; the same can be tried again. */
export const isBusy = (error: unknown): boolean => primaryCode(error) === BUSY

/** The transaction cannot go on: disk full, I/O error, …. A value that does not fit is not of this kind. */
export const isOfDatabase = (error: unknown): boolean => OF_DATABASE.has(primaryCode(error) ?? -1)

function primaryCode(error: unknown): number | undefined {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  return typeof code === 'number' ? code & 0xff : undefined
}
