import type { RefusedEntry, WatermarkNotice } from '../messaging/watermark.ts'
import type { SaverPosition } from './saved-log.ts'
import type { DeadLetter } from './saved-message.ts'

export function noticeOf(at: SaverPosition, dead: readonly DeadLetter[]): WatermarkNotice {
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
