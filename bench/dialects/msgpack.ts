import { decode, encode } from '@msgpack/msgpack'
import type { Dialect } from './dialect.ts'

const Type = { auth: 1, chat: 2, ack: 3, authRsp: 101, chatPush: 102 } as const

interface Frame {
  readonly type: number
  readonly seq: number
  readonly payload: Uint8Array
}

/** What comes, as far as it is looked at. */
interface Payload {
  readonly status?: string
  readonly message_id?: number | string
  readonly content?: string
}

/**
 * The MessagePack protocol of `/ws`: done when the message is saved. A push has no word of the sender's number, so
 * that is in the content. Receivers acknowledge each message.
 */
export const msgpackDialect = (sign: (user: string) => string): Dialect => ({
  path: '/ws',
  bytes: true,
  hello: user => frame(Type.auth, 1, { token: sign(user), acks: true }),
  isWelcome: text => read(text).type === Type.authRsp,
  message: (n, to, body) =>
    frame(Type.chat, n, { to, type: 'text', content: `${n} ${body}`, client_msg_id: `m${n}` }),
  done: text => {
    const { type, seq, payload } = read(text)
    return type === Type.ack && payloadOf(payload).status === 'saved' ? seq : undefined
  },
  received: text => {
    const { type, payload } = read(text)
    if (type !== Type.chatPush) return undefined
    const { message_id: seq, content = '' } = payloadOf(payload)
    return { n: Number.parseInt(content, 10), seq: String(seq) }
  },
  acknowledgement: {
    frame: seq => frame(Type.ack, 0, { message_id: Number(seq), status: 'delivered' }),
  },
})

const frame = (type: number, seq: number, payload: object): string =>
  latin1(encode({ type, seq, payload: encode(payload) }))

const read = (text: string): Frame => decode(Buffer.from(text, 'latin1')) as Frame
const payloadOf = (payload: Uint8Array): Payload => decode(payload) as Payload

const latin1 = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
