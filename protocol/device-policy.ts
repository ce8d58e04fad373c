/**
 * Which of a user's connections stay when one more is bound: the `newest` so many, or one for each device, where a
 * newer one of the same device takes the older one's place.
 */
export type DevicePolicy =
  | { readonly keep: 'newest'; readonly count: number }
  | { readonly keep: 'one-per-device' }

/** A policy as settings and tokens spell it: a number from 1, or `per-device`. Undefined when it is neither. */
export function readDevicePolicy(value: unknown): DevicePolicy | undefined {
  if (value === 'per-device') return { keep: 'one-per-device' }
  const count = typeof value === 'string' && /^[1-9]\d{0,5}$/.test(value) ? Number(value) : value
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 1
    ? { keep: 'newest', count }
    : undefined
}

/** Where a user has one connection, a login ends all sessions before it. */
export const allowsOne = (policy: DevicePolicy): boolean => policy.keep === 'newest' && policy.count === 1
