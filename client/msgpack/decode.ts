import { Decoder } from '@msgpack/msgpack'

export type Payload = Readonly<Record<string, unknown>>

export interface WireFrame {
  readonly type: number
  /** Of the client's frame that this one answers; 0 when it answers none. */
  readonly seq: number
  readonly payload: Payload
}

/** 64-bit integers come as bigint, so ids stay exact. */
const decoder = new Decoder({ useBigInt64: true })

/** The frame in the data of a WebSocket message, or undefined when that is none. */
export function decodeFrame(data: unknown): WireFrame | undefined {
  if (!(data instanceof ArrayBuffer || ArrayBuffer.isView(data))) return undefined
  try {
    const frame = mapOf(decoder.decode(data))
    const type = frame && integerOf(frame.type)
    if (type === undefined) return undefined
    const payload = ArrayBuffer.isView(frame?.payload) ? decoder.decode(frame.payload) : undefined
    return { type, seq: integerOf(frame?.seq) ?? 0, payload: mapOf(payload) ?? {} }
  } catch {
    return undefined
  }
}

export const mapOf = (value: unknown): Payload | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
    ? (value as Payload)
    : undefined

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** An id as this client writes it: a string, whatever it is on the wire. */
export const idOf = (value: unknown): string | undefined =>
  typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : textOf(value)

/** Undefined where there is none, or none that a number could hold. */
export function integerOf(value: unknown): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined
}
