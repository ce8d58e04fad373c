import type { LogEntry } from '../messaging/message-log.ts'
import { type Entry, isMessage } from '../protocol/entries.ts'
import { type Recipient, recipientOf } from '../protocol/ids.ts'
import type { OpResult } from './user/contract.ts'

/** What a sender asks to be stored under an id. */
export type Wanted = Recipient & { readonly body: string }

/** A clientMsgId stands for one recipient and body; anything else under it is refused. */
export function answerRepeat(wanted: Wanted, first: LogEntry | undefined): OpResult {
  if (!first) return { reason: 'server_busy' }
  return isSame(wanted, first.entry)
    ? { seq: first.seq, ts: first.entry.ts }
    : { reason: 'client_msg_id_conflict' }
}

const isSame = (wanted: Wanted, first: Entry): boolean =>
  isMessage(first) && recipientOf(first) === recipientOf(wanted) && first.body === wanted.body
