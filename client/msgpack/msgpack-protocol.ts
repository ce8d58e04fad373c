import type { ClientFrame } from '../frames.ts'
import { Refused } from '../refused.ts'
import { Unsupported } from '../unsupported.ts'
import type { WireProtocol } from '../wire-protocol.ts'
import { chatTypes } from './frame-types.ts'
import { MsgpackCodec } from './msgpack-codec.ts'

/** Binary frames over 1 MiB would close the connection; ids and the frame around a text take less than the rest. */
const LONGEST_TEXT_BYTES = 1024 * 1024 - 1024
const MOST_BYTES_A_UNIT = 3

/** MessagePack binary frames. Source: the MessagePack contract. */
export const msgpackProtocol: WireProtocol = {
  name: 'msgpack',
  refusal: frame => {
    const lacking = lackOf(frame)
    if (lacking !== undefined) return new Unsupported(`MessagePack has no ${lacking}`)
    return 'body' in frame && isTooLong(frame.body) ? new Refused('body_too_long') : undefined
  },
  codec: () => new MsgpackCodec(),
}

/** What a frame needs and the protocol has not. */
function lackOf(frame: ClientFrame): string | undefined {
  switch (frame.type) {
    case 'GROUP_CHAT':
      return 'messages to groups'
    case 'MESSAGE_REVOKE':
      return 'revocations'
    case 'PRESENCE':
      return 'users' in frame ? 'questions about presence' : undefined
    case 'SINGLE_CHAT':
      if (frame.mentions !== undefined && frame.mentions.length > 0) return 'mentions'
      if (frame.replyToServerMsgId !== undefined) return 'replies'
      if (frame.important) return 'important messages'
      return chatTypes.wireOf(frame.msgType) === undefined ? `messages of type ${frame.msgType}` : undefined
    default:
      return undefined
  }
}

const isTooLong = (body: string): boolean =>
  body.length * MOST_BYTES_A_UNIT > LONGEST_TEXT_BYTES &&
  new TextEncoder().encode(body).length > LONGEST_TEXT_BYTES
