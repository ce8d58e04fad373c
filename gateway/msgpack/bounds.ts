/** Maps and arrays inside each other. Source: the MessagePack contract, "Limits on decoding". */
export const MAX_DEPTH = 8
/** Entries of one map or array. */
export const MAX_ENTRIES = 1024

/**
 * Whether the bytes are exactly one MessagePack value within the bounds, every length in it true. Reads headers only
 * and allocates nothing: a value costs what its own bytes cost, whatever they say about sizes.
 */
export function isWithinBounds(bytes: Buffer): boolean {
  const end = skipValue(bytes, 0, 0)
  return end === bytes.length
}

const BROKEN = -1

/** Where the value that begins at `at` ends, or BROKEN. */
function skipValue(bytes: Buffer, at: number, depth: number): number {
  const head = bytes[at]
  if (head === undefined) return BROKEN
  if (head < 0x80 || head >= 0xe0) return at + 1
  if (head < 0x90) return skipEntries(bytes, at + 1, 2 * (head & 0x0f), depth)
  if (head < 0xa0) return skipEntries(bytes, at + 1, head & 0x0f, depth)
  if (head < 0xc0) return skipBytes(bytes, at + 1, head & 0x1f)
  return skipLong(bytes, at, head, depth)
}

/** Source: the MessagePack specification, "Formats", from 0xc0 on. */
function skipLong(bytes: Buffer, at: number, head: number, depth: number): number {
  const fixed = fixedBytes[head]
  if (fixed !== undefined) return skipBytes(bytes, at + 1, fixed)
  const width = lengthWidths[head]
  if (width === undefined || at + 1 + width > bytes.length) return BROKEN
  const length = bytes.readUIntBE(at + 1, width)
  const body = at + 1 + width
  switch (head) {
    case 0xdc:
    case 0xdd:
      return length > MAX_ENTRIES ? BROKEN : skipEntries(bytes, body, length, depth)
    case 0xde:
    case 0xdf:
      return length > MAX_ENTRIES ? BROKEN : skipEntries(bytes, body, 2 * length, depth)
    case 0xc7:
    case 0xc8:
    case 0xc9:
      return skipBytes(bytes, body, length + 1)
    default:
      return skipBytes(bytes, body, length)
  }
}

/** Every entry takes a byte at least, so more of them than bytes are a lie. */
function skipEntries(bytes: Buffer, from: number, count: number, depth: number): number {
  if (depth >= MAX_DEPTH || count > bytes.length - from) return BROKEN
  let at = from
  for (let left = count; left > 0 && at !== BROKEN; left--) at = skipValue(bytes, at, depth + 1)
  return at
}

const skipBytes = (bytes: Buffer, from: number, count: number): number =>
  count > bytes.length - from ? BROKEN : from + count

/** Bytes after the head, for heads that say it themselves: nil, booleans, numbers, extensions of fixed size. */
const fixedBytes: Readonly<Record<number, number>> = {
  192: 0,
  194: 0,
  195: 0,
  202: 4,
  203: 8,
  204: 1,
  205: 2,
  206: 4,
  207: 8,
  208: 1,
  209: 2,
  210: 4,
  211: 8,
  212: 2,
  213: 3,
  214: 5,
  215: 9,
  216: 17,
}

/** Bytes of the length that follows the head. 0xc1 is in neither table: it is never used. */
const lengthWidths: Readonly<Record<number, number>> = {
  196: 1,
  197: 2,
  198: 4,
  199: 1,
  200: 2,
  201: 4,
  217: 1,
  218: 2,
  219: 4,
  220: 2,
  221: 4,
  222: 2,
  223: 4,
}
