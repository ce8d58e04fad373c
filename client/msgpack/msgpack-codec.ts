import type { ClientFrame, ServerFrame } from '../frames.ts'
import type { Codec } from '../wire-protocol.ts'
import { decodeFrame } from './decode.ts'
import { encodeFrame } from './encode.ts'
import { serverFrameOf } from './server-frames.ts'

/**
 * The frames of one connection. Each has a `seq` that the answers to it repeat, and by it they get their clientMsgId
 * back: the protocol's answers carry none.
 */
export class MsgpackCodec implements Codec {
  #seq = 0
  /** By seq: the clientMsgId of what may still be answered. */
  readonly #unanswered = new Map<number, string>()

  encode(frame: ClientFrame): Uint8Array<ArrayBuffer> {
    this.#seq += 1
    if ('clientMsgId' in frame) this.#unanswered.set(this.#seq, frame.clientMsgId)
    return encodeFrame(frame, this.#seq)
  }

  decode(data: unknown): ServerFrame | undefined {
    const wire = decodeFrame(data)
    const frame = wire && serverFrameOf(wire)
    if (!frame) return undefined
    const clientMsgId = this.#asked(wire.seq, frame)
    return clientMsgId === undefined ? frame : { ...frame, clientMsgId }
  }

  /** The clientMsgId of what this frame answers. An acceptance is followed by another answer. */
  #asked(seq: number, { type, ackType }: ServerFrame): string | undefined {
    const isAnswer = type === 'ERROR' || type === 'SYNC' || ackType === 'accepted' || ackType === 'saved'
    if (!isAnswer) return undefined
    const clientMsgId = this.#unanswered.get(seq)
    if (ackType !== 'accepted') this.#unanswered.delete(seq)
    return clientMsgId
  }
}
