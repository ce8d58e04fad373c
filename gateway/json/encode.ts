import type { Sent } from '../../actors/user/contract.ts'
import type { Entry } from '../../protocol/entries.ts'
import type { Reason } from '../../protocol/errors.ts'
import type { PushEvent } from '../../protocol/events.ts'
import type { UserId } from '../../protocol/ids.ts'
import type { About } from '../wire-protocol.ts'

/**
 * Frames as the JSON contract spells them. User ids and seqs need no escaping, so the hot ones are put together
 * by hand around the texts that do.
 */

const text = (value: string): string => JSON.stringify(value)

export const encodeAck = (
  ackType: 'accepted' | 'saved',
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

export function encodeEvent(event: PushEvent): string[] {
  switch (event.kind) {
    case 'entry':
      return [encodeEntry(event.seq, event.entry)]
    case 'receipt':
      return event.seqs.map(
        seq =>
          `{"type":"ACK","serverMsgId":"${seq}","ackType":"${event.status}","from":"${event.from}","ts":${Date.now()}}`,
      )
    case 'summary':
    case 'session':
      return []
    default:
      return event satisfies never
  }
}

function encodeEntry(seq: number, entry: Entry): string {
  const extra = entry.mentions || entry.replyTo || entry.important ? encodeExtra(entry) : ''
  return (
    `{"type":"SINGLE_CHAT","clientMsgId":${text(entry.clientMsgId)},"serverMsgId":"${seq}","from":"${entry.from}",` +
    `"to":"${entry.to}","msgType":${text(entry.msgType)},"body":${text(entry.body)}${extra},"ts":${entry.ts}}`
  )
}

const encodeExtra = ({ mentions, replyTo, important }: Entry): string =>
  (mentions ? `,"mentions":${JSON.stringify(mentions)}` : '') +
  (replyTo ? `,"replyToServerMsgId":"${replyTo}"` : '') +
  (important ? ',"important":true' : '')
