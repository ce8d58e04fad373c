import { type Entry, isMessage } from '../protocol/entries.ts'
import { type Recipient, recipientOf } from '../protocol/ids.ts'
import type { FirstEntry } from './feed-reader.ts'
import type { OpResult } from './user/contract.ts'

/** What a sender asks to be stored under an id. */
export type Wanted = Recipient & { readonly body: string }

/**
 * A clientMsgId stands for one recipient and body; anything else under it is refused. Of one that cannot be saved its
 * sender has heard, and hears again: the watermark, which has passed it, does not speak for it.
 */
export function answerRepeat(wanted: Wanted, first: FirstEntry | undefined): OpResult {
  if (!first) return { reason: 'server_busy' }
  const { stored, refused } = first
  if (!isSame(wanted, stored.entry)) return { reason: 'client_msg_id_conflict' }
  return refused ? { reason: 'internal_error' } : { seq: stored.seq, ts: stored.entry.ts }
}

const isSame = (wanted: Wanted, first: Entry): boolean =>
  isMessage(first) && recipientOf(first) === recipientOf(wanted) && first.body === wanted.body
