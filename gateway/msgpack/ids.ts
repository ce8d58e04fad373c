import { isUserId, type UserId } from '../../protocol/ids.ts'
import { type Integer, integerOf, textOf } from './codec.ts'

const DECIMAL = /^(?:0|[1-9][0-9]{0,19})$/
const MAX_UINT64 = 2n ** 64n - 1n

/** A user's or group's id on the wire: a number where it is one's decimal and fits 64 bits, else text. */
export function idOnWire(id: UserId): Integer | string {
  if (!DECIMAL.test(id)) return id
  const number = BigInt(id)
  return number > MAX_UINT64 ? id : (integerOf(number) ?? id)
}

/** Undefined: there is none; '': it cannot be one. */
export function readId(value: unknown): UserId | undefined {
  if (value === undefined || value === null) return undefined
  const text = integerOf(value)?.toString() ?? textOf(value) ?? ''
  return isUserId(text) ? text : ''
}
