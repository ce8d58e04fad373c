import { escapeHeader, type StompVersion } from './escapes.ts'

/** A frame as a client sent it. Of repeated headers the first counts (STOMP 1.2, "Repeated Header Entries"). */
export interface StompFrame {
  readonly command: ClientCommand
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

export const clientCommands = [
  'CONNECT',
  'STOMP',
  'SEND',
  'SUBSCRIBE',
  'UNSUBSCRIBE',
  'ACK',
  'NACK',
  'BEGIN',
  'COMMIT',
  'ABORT',
  'DISCONNECT',
] as const

export type ClientCommand = (typeof clientCommands)[number]
export type ServerCommand = 'CONNECTED' | 'MESSAGE' | 'RECEIPT' | 'ERROR'

/** What keeps a connection alive where there is nothing to say: an end of line between frames. */
export const HEART_BEAT = '\n'

/** A server's frame as it goes over the wire. Headers without a value are left out. */
export function encodeFrame(
  version: StompVersion,
  command: ServerCommand,
  headers: Readonly<Record<string, string | undefined>>,
  body = '',
): string {
  const escapes = command === 'CONNECTED' ? 'none' : version
  let head = `${command}\n`
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) head += `${escapeHeader(name, escapes)}:${escapeHeader(value, escapes)}\n`
  }
  // A body may hold a NUL; its length says where it ends.
  if (body !== '') head += `content-length:${Buffer.byteLength(body)}\n`
  return `${head}\n${body}\0`
}
