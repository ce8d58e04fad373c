import type { Msg } from 'nats'

const PLAIN = 'NATS/1.0\r\n'

/** Where the client keeps what it has received; looked at by nobody but `linesOf`. */
interface Received {
  readonly _msg?: { readonly hdr?: number }
  readonly _rdata?: Uint8Array
}

/** A header's value; empty when there is none. */
export function header(msg: Msg, name: string): string {
  const lines = linesOf(msg)
  if (lines === undefined) return msg.headers?.get(name) ?? ''
  const found = lines.indexOf(`\r\n${name}: `)
  if (found === -1) return ''
  const start = found + name.length + 4
  return lines.slice(start, lines.indexOf('\r\n', start)).trim()
}

/** The status of a message that is one; 0 of any other. */
export function statusOf(msg: Msg): number {
  return linesOf(msg)?.startsWith(PLAIN) ? 0 : (msg.headers?.code ?? 0)
}

export const seqOf = (msg: Msg): number => Number(header(msg, 'Nats-Sequence'))

let last: { readonly msg: Msg; readonly lines: string | undefined } | undefined

/**
 * The header as it came. The client makes an object of it and checks and rewrites every name, which costs more than
 * all else that is done with a live copy. Undefined where another version of the client keeps the bytes elsewhere.
 */
function linesOf(msg: Msg): string | undefined {
  if (last?.msg === msg) return last.lines
  const { _msg, _rdata } = msg as Msg & Received
  const length = _msg?.hdr ?? 0
  const lines =
    length > 0 && _rdata instanceof Uint8Array
      ? Buffer.from(_rdata.buffer, _rdata.byteOffset, length).toString()
      : undefined
  last = { msg, lines }
  return lines
}
