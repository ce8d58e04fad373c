/** What waits for a user in one conversation. */
export interface OfflineSummary {
  readonly conversation: string
  readonly unread: number
  /** Of the newest of them. */
  readonly brief: string
  /** Of the newest of them, ms since 1970. */
  readonly ts: number
}

const BRIEF_CHARACTERS = 50
const EMPTY = '[空消息]'

/** A message's first 50 characters (code points), and "..." where there are more. Source: the STOMP contract, "DTOs". */
export function briefOf(body: string): string {
  if (body === '') return EMPTY
  if (body.length <= BRIEF_CHARACTERS) return body
  // Twice as many UTF-16 units and one more hold enough code points to see whether there are more.
  const start = [...body.slice(0, 2 * BRIEF_CHARACTERS + 1)]
  return start.length > BRIEF_CHARACTERS ? `${start.slice(0, BRIEF_CHARACTERS).join('')}...` : body
}
