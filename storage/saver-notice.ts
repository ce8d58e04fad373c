import type { WatermarkNotice } from '../messaging/watermark.ts'
import type { SaverPosition } from './saved-log.ts'
import type { DeadLetter } from './saved-message.ts'

/** The watermark with what is not saved although it lies behind it. */
export interface SaverNotice extends WatermarkNotice {
  /**
   * Entries of this commit that cannot be saved: told once, before any later position, so that who waits for one
   * can answer its sender with an error.
   */
  readonly refused?: readonly RefusedEntry[]
  /** A log that went back has lost what was accepted after `after` up to `upTo`. Told with every notice since. */
  readonly lost?: { readonly after: number; readonly upTo: number }
}

export interface RefusedEntry {
  readonly seq: number
  readonly sender?: string
  readonly clientMsgId?: string
}

export function noticeOf(at: SaverPosition, dead: readonly DeadLetter[]): SaverNotice {
  return {
    position: at.position,
    ...(dead.length > 0 ? { refused: dead.map(refusedOf) } : {}),
    ...(at.lostUpTo > 0 ? { lost: { after: at.lostAfter, upTo: at.lostUpTo } } : {}),
  }
}

/** User ids have no colon; a client's message id may. */
function refusedOf({ seq, dedupeId }: DeadLetter): RefusedEntry {
  const colon = dedupeId?.indexOf(':') ?? -1
  if (dedupeId === undefined || colon < 1) return { seq }
  return { seq, sender: dedupeId.slice(0, colon), clientMsgId: dedupeId.slice(colon + 1) }
}
