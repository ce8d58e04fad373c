/** A row with the same key exists. */
const DUPLICATE = 1062
const DEADLOCK = 1213
const LOCK_WAIT_TIMEOUT = 1205

/** The value does not fit its column: null, too long, out of range, not of its character set. */
const OF_VALUE = new Set([1048, 1264, 1265, 1366, 1406, 3988])

export const isDuplicate = (error: unknown): boolean => errno(error) === DUPLICATE

/** The statement met another transaction's locks; the same can be tried again. */
export const isCollision = (error: unknown): boolean =>
  errno(error) === DEADLOCK || errno(error) === LOCK_WAIT_TIMEOUT

/** The same value will be refused every time. */
export const isOfValue = (error: unknown): boolean => OF_VALUE.has(errno(error) ?? 0)

const errno = (error: unknown): number | undefined =>
  error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? error.errno : undefined
