import { Decoder, Encoder } from '@msgpack/msgpack'
import { isWithinBounds } from './bounds.ts'

/** What the server says; see the contract's second table. `ack` is both sides'. */
export const MessageType = {
  auth: 1,
  chat: 2,
  ack: 3,
  syncReq: 4,
  presence: 5,
  ping: 6,
  authRsp: 101,
  chatPush: 102,
  syncRsp: 103,
  presencePush: 104,
  pong: 105,
  error: 106,
} as const

export type ServerType = (typeof MessageType)[
  | 'ack'
  | 'authRsp'
  | 'chatPush'
  | 'syncRsp'
  | 'presencePush'
  | 'pong'
  | 'error']

/** The entries of a map by key. Texts are bytes still: whoever wants one reads it. */
export type Fields = Readonly<Record<string, unknown>>

/** An integer, exact: beyond 2^53 as a bigint. */
export type Integer = number | bigint

const decoder = new Decoder({ useBigInt64: true, rawStrings: true })
const payloads = new Encoder({ useBigInt64: true, ignoreUndefined: true })
const frames = new Encoder({ useBigInt64: true })

/** The map that the bytes are, or undefined: they are none, or go over a bound. Never throws. */
export function decodeMap(bytes: Buffer): Fields | undefined {
  if (!isMap(bytes[0]) || !isWithinBounds(bytes)) return undefined
  try {
    return decoder.decode(bytes) as Fields
  } catch {
    // A key that is no text and no number, or `__proto__`.
    return undefined
  }
}

/** A frame of the server's. `payload` undefined is nil; fields that are undefined are left out. */
export const encodeFrame = (type: ServerType, seq: Integer, payload?: object): Uint8Array =>
  frames.encode({ type, seq, payload: payload === undefined ? null : payloads.encodeSharedRef(payload) })

/** A field's own value: what a prototype has is nobody's field. */
export const field = (fields: Fields, name: string): unknown =>
  Object.hasOwn(fields, name) ? fields[name] : undefined

/** Text is UTF-8, whether it came as str or as bin. Undefined for what is neither. */
export const textOf = (value: unknown): string | undefined =>
  value instanceof Uint8Array ? bufferOf(value).toString() : undefined

/** Undefined for what is no integer; a float that is one counts. */
export function integerOf(value: unknown): Integer | undefined {
  if (typeof value === 'bigint') return isSafe(value) ? Number(value) : value
  return Number.isSafeInteger(value) ? (value as number) : undefined
}

export const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const isMap = (head: number | undefined): boolean =>
  head !== undefined && ((head >= 0x80 && head < 0x90) || head === 0xde || head === 0xdf)

const isSafe = (value: bigint): boolean =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
