import { isReason, refusals } from '../protocol/errors.ts'

/** The server's final no: repeating the same request would be refused again. */
export class Refused extends Error {
  /** A `reason` of protocol/errors.ts, or one that a newer server invented. */
  readonly reason: string

  constructor(reason: string) {
    super(isReason(reason) ? `${reason}: ${refusals[reason].message}` : reason)
    this.name = 'Refused'
    this.reason = reason
  }
}

/** Whether the same request may succeed later. A reason that this client does not know is final. */
export const isRetryable = (reason: string): boolean => isReason(reason) && refusals[reason].retryable

/** The close code that follows this reason, when it ends the connection for good. */
export function closingCode(reason: string): number | undefined {
  const then = isReason(reason) ? refusals[reason].then : 'keep'
  return typeof then === 'number' ? then : undefined
}
