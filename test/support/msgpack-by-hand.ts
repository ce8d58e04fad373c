/**
 * MessagePack as its specification has it, for a client that shares no code with the server: every integer is written
 * in the width asked for, and read exactly (a bigint beyond 2^53).
 */
export type Value = null | boolean | number | bigint | string | Uint8Array | readonly Value[] | ValueMap
export interface ValueMap {
  readonly [key: string]: Value
}

export function pack(value: Value): Buffer {
  if (value === null) return Buffer.from([0xc0])
  if (typeof value === 'boolean') return Buffer.from([value ? 0xc3 : 0xc2])
  if (typeof value === 'bigint') return packInteger(value)
  if (typeof value === 'number')
    return Number.isSafeInteger(value)
      ? packInteger(BigInt(value))
      : withHead(0xcb, 8, b => b.writeDoubleBE(value, 1))
  if (typeof value === 'string') return packText(value)
  if (value instanceof Uint8Array) return packBytes(value)
  if (Array.isArray(value)) return Buffer.concat([header(value.length, [0x90, 15], 0xdc), ...value.map(pack)])
  const entries = Object.entries(value as ValueMap)
  return Buffer.concat([
    header(entries.length, [0x80, 15], 0xde),
    ...entries.flatMap(([key, item]) => [packText(key), pack(item)]),
  ])
}

/** An integer in so many bytes, whether it needs them or not, as fixed-width encoders write it. */
export const int64 = (value: bigint): Buffer => withHead(0xd3, 8, b => b.writeBigInt64BE(value, 1))
export const uint64 = (value: bigint): Buffer => withHead(0xcf, 8, b => b.writeBigUInt64BE(value, 1))
export const int32 = (value: number): Buffer => withHead(0xd2, 4, b => b.writeInt32BE(value, 1))
export const int16 = (value: number): Buffer => withHead(0xd1, 2, b => b.writeInt16BE(value, 1))

/** A map of values that are packed already. */
export const packMap = (entries: readonly (readonly [string, Buffer])[]): Buffer =>
  Buffer.concat([
    header(entries.length, [0x80, 15], 0xde),
    ...entries.flatMap(([key, item]) => [packText(key), item]),
  ])

function packInteger(value: bigint): Buffer {
  if (value >= 0n && value < 128n) return Buffer.from([Number(value)])
  if (value < 0n && value >= -32n) return Buffer.from([Number(value) + 256])
  if (value >= 2n ** 63n) return uint64(value)
  if (value >= -(2n ** 15n) && value < 2n ** 15n) return int16(Number(value))
  if (value >= -(2n ** 31n) && value < 2n ** 31n) return int32(Number(value))
  return int64(value)
}

function packText(text: string): Buffer {
  const bytes = Buffer.from(text)
  if (bytes.length < 32) return Buffer.concat([Buffer.from([0xa0 + bytes.length]), bytes])
  return Buffer.concat([lengthHead(bytes.length, 0xd9), bytes])
}

const packBytes = (bytes: Uint8Array): Buffer => Buffer.concat([lengthHead(bytes.length, 0xc4), bytes])

/** Of str 8/16/32 and bin 8/16/32. */
function lengthHead(length: number, first: number): Buffer {
  if (length < 2 ** 8) return withHead(first, 1, b => b.writeUInt8(length, 1))
  if (length < 2 ** 16) return withHead(first + 1, 2, b => b.writeUInt16BE(length, 1))
  return withHead(first + 2, 4, b => b.writeUInt32BE(length, 1))
}

function header(count: number, [fix, most]: [number, number], first: number): Buffer {
  if (count <= most) return Buffer.from([fix + count])
  if (count < 2 ** 16) return withHead(first, 2, b => b.writeUInt16BE(count, 1))
  return withHead(first + 1, 4, b => b.writeUInt32BE(count, 1))
}

function withHead(head: number, width: number, write: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(1 + width)
  bytes[0] = head
  write(bytes)
  return bytes
}

/** The one value that the bytes are. Throws when they are none, or more. */
export function unpack(bytes: Buffer): Value {
  const reader = new Reader(bytes)
  const value = reader.value()
  if (reader.at !== bytes.length) throw new Error(`${bytes.length - reader.at} bytes too many`)
  return value
}

class Reader {
  at = 0
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  value(): Value {
    const head = this.#take(1).readUInt8()
    if (head < 0x80) return head
    if (head < 0x90) return this.#map(head & 15)
    if (head < 0xa0) return this.#array(head & 15)
    if (head < 0xc0) return this.#take(head & 31).toString()
    if (head >= 0xe0) return head - 256
    return this.#long(head)
  }

  #long(head: number): Value {
    switch (head) {
      case 0xc0:
        return null
      case 0xc2:
      case 0xc3:
        return head === 0xc3
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#take(this.#unsigned(head - 0xc4))
      case 0xca:
        return this.#take(4).readFloatBE()
      case 0xcb:
        return this.#take(8).readDoubleBE()
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(head - 0xcc)
      case 0xcf:
        return exact(this.#take(8).readBigUInt64BE())
      case 0xd0:
        return this.#take(1).readInt8()
      case 0xd1:
        return this.#take(2).readInt16BE()
      case 0xd2:
        return this.#take(4).readInt32BE()
      case 0xd3:
        return exact(this.#take(8).readBigInt64BE())
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#take(this.#unsigned(head - 0xd9)).toString()
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(head - 0xdc + 1))
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(head - 0xde + 1))
      default:
        throw new Error(`no server of ours says 0x${head.toString(16)}`)
    }
  }

  /** `exponent`: its width is 2^exponent bytes. */
  #unsigned(exponent: number): number {
    return this.#take(2 ** exponent).readUIntBE(0, 2 ** exponent)
  }

  #array(count: number): Value {
    return Array.from({ length: count }, () => this.value())
  }

  #map(count: number): Value {
    const entries: [string, Value][] = []
    for (let left = count; left > 0; left--) {
      const key = this.value()
      if (typeof key !== 'string') throw new Error('a key that is no text')
      entries.push([key, this.value()])
    }
    return Object.fromEntries(entries)
  }

  #take(count: number): Buffer {
    if (this.at + count > this.#bytes.length) throw new Error('cut short')
    this.at += count
    return this.#bytes.subarray(this.at - count, this.at)
  }
}

const exact = (value: bigint): number | bigint =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value
