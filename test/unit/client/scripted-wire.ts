import { decode, encode } from '@msgpack/msgpack'

/** A client's frame in the words of the JSON contract. */
export interface Frame {
  readonly type: string
  readonly clientMsgId?: string
  readonly serverMsgId?: string
  readonly to?: string
  readonly groupId?: string
  readonly body?: string
  readonly msgType?: string
  readonly ackType?: string
  readonly token?: string
  readonly upTo?: boolean
  readonly ordered?: boolean
  readonly after?: string
  readonly status?: string
  /** On MessagePack: the client's number of the frame, and whether it wrote the recipient as a number. */
  readonly seq?: number
  readonly toIsNumber?: boolean
}

export type Fields = Readonly<Record<string, unknown>>

/** How the script's frames read on one connection's wire. */
export interface ScriptedWire {
  read(data: Buffer): Frame
  write(frame: Fields): string | Uint8Array
}

export const jsonWire: ScriptedWire = {
  read: data => JSON.parse(String(data)) as Frame,
  write: frame => JSON.stringify(frame),
}

const DECIMAL = /^(0|[1-9][0-9]{0,18})$/
const clientTypes = ['', 'AUTH', 'SINGLE_CHAT', 'ACK', 'SYNC', 'PRESENCE', 'PING']

/** A decimal id is an integer on this wire: its narrowest one, or 64 bits. */
function wireId(id: unknown): unknown {
  if (!DECIMAL.test(String(id))) return id
  const value = BigInt(String(id))
  return value < 2n ** 32n ? Number(value) : value
}

const idText = (id: unknown): string | undefined => (id === undefined ? undefined : String(id))

/** The MessagePack contract, written down a second time: nothing here comes from the client's own codec. */
export class MsgpackWire implements ScriptedWire {
  readonly #seqs = new Map<string, number>()
  #pings: number[] = []
  #authSeq = 0
  #syncs = 0

  read(data: Buffer): Frame {
    const { type, seq, payload } = decode(data, { useBigInt64: true }) as {
      type: number
      seq: number
      payload: Uint8Array | null
    }
    const fields = payload ? (decode(payload, { useBigInt64: true }) as Fields) : {}
    const frame = this.#frameOf(clientTypes[type] ?? String(type), seq, fields)
    return Object.fromEntries(
      Object.entries(frame).filter(([, value]) => value !== undefined),
    ) as unknown as Frame
  }

  #frameOf(type: string, seq: number, fields: Fields): Fields {
    switch (type) {
      case 'AUTH': {
        if (fields.acks !== true) throw new Error('a client that wants answers asks for them')
        const isFirst = this.#authSeq === 0
        this.#authSeq = seq
        return { type: isFirst ? 'AUTH' : 'REAUTH', token: fields.token, ordered: fields.ordered }
      }
      case 'SINGLE_CHAT': {
        const clientMsgId = String(fields.client_msg_id)
        this.#seqs.set(clientMsgId, seq)
        const msgType = fields.type === 'text' ? undefined : String(fields.type).toUpperCase()
        const toIsNumber = typeof fields.to !== 'string'
        return { type, seq, clientMsgId, to: idText(fields.to), toIsNumber, body: fields.content, msgType }
      }
      case 'ACK':
        return { type, ackType: fields.status, serverMsgId: idText(fields.message_id), upTo: fields.up_to }
      case 'SYNC': {
        this.#syncs += 1
        this.#seqs.set(`sync${this.#syncs}`, seq)
        return { type, seq, clientMsgId: `sync${this.#syncs}`, after: idText(fields.last_message_id) }
      }
      case 'PING':
        this.#pings.push(seq)
        return { type }
      default:
        return { type, ...fields }
    }
  }

  write(frame: Fields): Uint8Array {
    const [type, payload, seq] = this.#contentOf(frame)
    const bytes = payload && encode(payload, { useBigInt64: true, ignoreUndefined: true })
    return encode({ type, seq: seq ?? 0, payload: bytes ?? null })
  }

  #contentOf(frame: Fields): [type: number, payload: Fields | null, seq?: number | undefined] {
    const answered = this.#seqs.get(String(frame.clientMsgId))
    switch (frame.type) {
      case 'AUTH_OK':
        return [101, { success: true, user_id: wireId(frame.from) }, this.#authSeq]
      case 'AUTH_FAIL':
        return [101, { success: false, error: frame.reason }, this.#authSeq]
      case 'ACK':
        return answered === undefined
          ? [3, { ...statusOf(frame), user_id: wireId(frame.from) }]
          : [3, statusOf(frame), answered]
      case 'SINGLE_CHAT':
      case 'GROUP_CHAT':
        return [102, messageOf(frame)]
      case 'SYNC': {
        const messages = (frame.messages as Fields[]).map(messageOf)
        return [103, { messages, has_more: frame.hasMore }, answered]
      }
      case 'PRESENCE':
        return [104, { user_id: wireId(frame.from), status: frame.status }]
      case 'PONG':
        return [105, null, this.#pings.shift()]
      case 'ERROR':
        return [106, { code: 'WS_INVALID_PAYLOAD', message: `${frame.reason}: in words` }, answered]
      default:
        throw new Error(`MessagePack has no ${frame.type}`)
    }
  }
}

const statusOf = (frame: Fields): Fields => ({
  message_id: wireId(frame.serverMsgId),
  status: frame.ackType,
})

function messageOf(frame: Fields): Fields {
  const [id, from, to] = [frame.serverMsgId, frame.from, frame.to ?? 'alice'].map(wireId)
  return {
    message_id: id,
    id,
    from,
    sender_id: from,
    to,
    receiver_id: to,
    conversation_id: frame.groupId === undefined ? 'direct:alice:bob' : `group:${frame.groupId}`,
    type: String(frame.msgType ?? 'TEXT').toLowerCase(),
    content: frame.body,
    status: frame.status ?? 'sent',
    created_at: Math.floor(Number(frame.ts) / 1000),
  }
}
