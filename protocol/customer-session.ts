import type { UserId } from './ids.ts'

export const customerSessionStatuses = ['WAITING', 'ACTIVE', 'CLOSED'] as const
export type CustomerSessionStatus = (typeof customerSessionStatuses)[number]

/** A customer's talk with an agent: WAITING until one takes it, ACTIVE, then CLOSED by either. Times: ms since 1970. */
export interface CustomerSession {
  /** `cs:<n>` */
  readonly id: string
  readonly customer: UserId
  readonly status: CustomerSessionStatus
  readonly agent?: UserId
  readonly agentName?: string
  readonly closeReason?: string
  readonly openedAt: number
  readonly changedAt: number
}

const ID = /^cs:([1-9]\d{0,14})$/

export const customerSessionId = (n: number): string => `cs:${n}`

/** The number in a session's id, or undefined when it is none. */
export function customerSessionNumber(id: unknown): number | undefined {
  const digits = typeof id === 'string' ? ID.exec(id)?.[1] : undefined
  return digits === undefined ? undefined : Number(digits)
}
