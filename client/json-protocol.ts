import type { ClientFrame, ServerFrame } from './frames.ts'
import { Refused } from './refused.ts'
import { Unsupported } from './unsupported.ts'
import type { Codec, WireProtocol } from './wire-protocol.ts'

/** Text frames over 64 KiB would close the connection. */
const LONGEST_FRAME_BYTES = 60 * 1024

const codec: Codec = {
  encode: frame => JSON.stringify(frame),
  decode: data => (typeof data === 'string' ? parse(data) : undefined),
}

/** JSON text frames: this client's frames as they are. Source: the JSON contract. */
export const jsonProtocol: WireProtocol = {
  name: 'json',
  refusal: frame => {
    if (frame.type === 'SYNC') return new Unsupported('JSON has no sync; history is read over REST')
    return isTooLong(frame) ? new Refused('body_too_long') : undefined
  },
  codec: () => codec,
}

function parse(data: string): ServerFrame | undefined {
  try {
    const value: unknown = JSON.parse(data)
    const isFrame = typeof value === 'object' && value !== null && 'type' in value
    return isFrame && typeof value.type === 'string' ? (value as ServerFrame) : undefined
  } catch {
    return undefined
  }
}

function isTooLong(frame: ClientFrame): boolean {
  if (!('body' in frame)) return false
  const isShort = frame.body.length + (frame.mentions?.length ?? 0) <= 500
  return !isShort && new TextEncoder().encode(JSON.stringify(frame)).length > LONGEST_FRAME_BYTES
}
