import type { MsgHdrs } from 'nats'

/** The text of bytes as they came from the socket; three times as fast as a TextDecoder for short ones. */
export const textOf = (bytes: Uint8Array): string =>
  (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString()

export const jsonOf = (bytes: Uint8Array): unknown => JSON.parse(textOf(bytes))

/** Headers that are encoded once and as they are; the client only ever asks an outgoing message's to encode. */
export function rawHeaders(lines: readonly (readonly [name: string, value: string | number])[]): MsgHdrs {
  const bytes = Buffer.from(
    `NATS/1.0\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
  )
  return { encode: () => bytes } as unknown as MsgHdrs
}
