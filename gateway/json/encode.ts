import type { Sent } from '../../actors/user/contract.ts'
import type { Content, Entry, MessageEntry, NoticeEntry } from '../../protocol/entries.ts'
import type { Reason } from '../../protocol/errors.ts'
import type { PushEvent } from '../../protocol/events.ts'
import type { GroupChange } from '../../protocol/groups.ts'
import type { UserId } from '../../protocol/ids.ts'
import type { About } from '../connection/wire-protocol.ts'

/**
 * Frames as the JSON contract spells them. User ids and seqs need no escaping, so the hot ones are put together
 * by hand around the texts that do.
 */

const text = (value: string): string => JSON.stringify(value)

export const encodeAck = (
  ackType: 'accepted' | 'saved' | 'revoked',
  user: UserId,
  clientMsgId: string,
  { seq, ts }: Sent,
): string =>
  `{"type":"ACK","clientMsgId":${text(clientMsgId)},"serverMsgId":"${seq}","ackType":"${ackType}","from":"${user}","ts":${ts}}`

export const encodeError = (reason: Reason, { clientMsgId, serverMsgId }: About): string =>
  JSON.stringify({
    type: 'ERROR',
    clientMsgId,
    serverMsgId: serverMsgId === undefined ? undefined : String(serverMsgId),
    reason,
  })

/** The frames of an event. What goes to many connections comes as the same object, one after the other. */
export function encodeEvent(event: PushEvent): readonly string[] {
  if (event !== last.event) last = { event, frames: encode(event) }
  return last.frames
}

let last: { readonly event: PushEvent | undefined; readonly frames: readonly string[] } = {
  event: undefined,
  frames: [],
}

function encode(event: PushEvent): string[] {
  switch (event.kind) {
    case 'entry':
      return [encodeEntry(event.seq, event.entry)]
    case 'receipt':
      return event.seqs.map(
        seq =>
          `{"type":"ACK","serverMsgId":"${seq}","ackType":"${event.status}","from":"${event.from}","ts":${Date.now()}}`,
      )
    case 'presence':
      return [`{"type":"PRESENCE","from":"${event.user}","status":"${event.status}","ts":${event.ts}}`]
    case 'summary':
    case 'session':
      return []
    default:
      return event satisfies never
  }
}

function encodeEntry(seq: number, entry: Entry): string {
  switch (entry.kind) {
    case 'direct':
      return encodeMessage(seq, entry, 'SINGLE_CHAT', `"to":"${entry.to}"`)
    case 'group':
      return encodeMessage(seq, entry, 'GROUP_CHAT', `"groupId":"${entry.group}"`)
    case 'notice':
      return encodeNotice(seq, entry)
    case 'revocation':
      return `{"type":"MESSAGE_REVOKED","serverMsgId":"${entry.target}","from":"${entry.from}"}`
    case 'join-request': {
      const { group: groupId, from, to, clientMsgId, body, ts } = entry
      const serverMsgId = String(seq)
      return json({ type: 'GROUP_JOIN_REQUEST', clientMsgId, serverMsgId, from, to, groupId, body, ts })
    }
    case 'join-decision': {
      const { group: groupId, from, to, accept, ts } = entry
      return json({ type: 'GROUP_JOIN_DECISION', serverMsgId: String(seq), from, to, groupId, accept, ts })
    }
    default:
      return entry satisfies never
  }
}

const encodeMessage = (seq: number, entry: MessageEntry, type: string, recipient: string): string =>
  `{"type":"${type}","clientMsgId":${text(entry.clientMsgId)},"serverMsgId":"${seq}","from":"${entry.from}",` +
  `${recipient},"msgType":${text(entry.msgType)},"body":${text(entry.body)}${encodeExtra(entry)},"ts":${entry.ts}}`

function encodeNotice(seq: number, { group, from, change, ts }: NoticeEntry): string {
  const users = 'users' in change ? change.users : undefined
  const notice = { type: 'GROUP_NOTIFY', groupId: group, serverMsgId: String(seq), event: change.event, from }
  return json({ ...notice, users, body: noticeBody(change), ts })
}

/** The new name or role; of muting until when (ms since 1970), or of a group whether. */
function noticeBody(change: GroupChange): string | undefined {
  switch (change.event) {
    case 'created':
    case 'renamed':
      return change.name
    case 'role':
      return change.role
    case 'muted':
      return change.users ? String(change.until) : String(change.until !== 0)
    default:
      return undefined
  }
}

const json = (frame: object): string => JSON.stringify(frame)

const encodeExtra = ({ mentions, replyTo, important }: Content): string =>
  (mentions ? `,"mentions":${JSON.stringify(mentions)}` : '') +
  (replyTo ? `,"replyToServerMsgId":"${replyTo}"` : '') +
  (important ? ',"important":true' : '')
