import type { ClientFrame, ServerFrame } from './frames.ts'
import type { Refused } from './refused.ts'
import type { Unsupported } from './unsupported.ts'

export const protocolNames = ['json', 'msgpack'] as const
export type ProtocolName = (typeof protocolNames)[number]

/**
 * One wire protocol of `/ws`. Everything above it (order, repeats, outbox, pacing, reconnecting) speaks of frames
 * only, and holds on every protocol.
 */
export interface WireProtocol {
  readonly name: ProtocolName
  /**
   * Why a frame can never go over this wire: the protocol has no such thing, or the server would close the connection
   * over it, each time anew. What is not refused here can be encoded.
   */
  refusal(frame: ClientFrame): Refused | Unsupported | undefined
  /** For one new connection, as answers may name its frames by their place in it. */
  codec(): Codec
}

export interface Codec {
  encode(frame: ClientFrame): string | Uint8Array<ArrayBuffer>
  /** The frame in the data of a WebSocket message, or undefined when that is none. Never throws. */
  decode(data: unknown): ServerFrame | undefined
}
