import { type NatsConnection as Client, ErrorCode, type MsgHdrs, NatsError } from 'nats'
import { WriteBundles } from './nats-socket.ts'

/** What goes with a message: where it is answered, and header lines as `rawHeaders` makes them. */
export interface Envelope {
  readonly reply?: string
  readonly headers?: string
}

/** What the client has of its own; used by nobody else. */
interface Inner {
  readonly protocol?: { sendCommand?(command: Uint8Array): void }
}

/**
 * What a process says to NATS. A message is put together as one text and encoded once; the client would encode its
 * parts one by one and copy them together, which costs several times as much. Where another version of the client
 * has no such way in, it is given the parts.
 */
export class NatsOutput {
  readonly #client: Client
  readonly #writes: WriteBundles

  constructor(client: Client, pauseMs: number) {
    this.#client = client
    this.#writes = new WriteBundles(client, pauseMs)
  }

  /** Throws when the payload is larger than the server takes. */
  publish(subject: string, payload: string, { reply, headers }: Envelope = {}): void {
    this.#writes.open()
    const { protocol } = this.#client as Inner
    if (!protocol?.sendCommand) {
      const own = headers === undefined ? {} : { headers: encoded(headers) }
      this.#client.publish(subject, payload, reply === undefined ? own : { ...own, reply })
      return
    }
    const to = reply === undefined ? subject : `${subject} ${reply}`
    const size = Buffer.byteLength(payload) + (headers?.length ?? 0)
    if (size > (this.#client.info?.max_payload ?? size))
      throw NatsError.errorForCode(ErrorCode.MaxPayloadExceeded)
    const command =
      headers === undefined
        ? `PUB ${to} ${size}\r\n${payload}\r\n`
        : `HPUB ${to} ${headers.length} ${size}\r\n${headers}${payload}\r\n`
    protocol.sendCommand(Buffer.from(command))
  }
}

/** The client only ever asks an outgoing message's headers to encode. */
function encoded(headers: string): MsgHdrs {
  return { encode: () => Buffer.from(headers) } as unknown as MsgHdrs
}
