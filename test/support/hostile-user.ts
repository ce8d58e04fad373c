import { isReason, refusals } from '../../protocol/errors.ts'
import { Random } from '../../tools/random.ts'
import { HostileFrames } from './hostile-frames.ts'
import { type Closed, type Frame, WireClient } from './wire-client.ts'

const PROTOCOL_ERRORS_TO_CLOSE = 4
const FRAMES_AT_A_TIME = 40
/** How a server ends a connection for what came over it: WebSocket's own codes, then ours. */
const closeCodes = new Set([1002, 1007, 1008, 1009, 4501, 4503, 4505])
const answers = new Set(['PONG', 'ACK', 'SINGLE_CHAT', 'AUTH_OK', 'AUTH_FAIL', 'ERROR'])

/** Sends hostile frames over one connection after the other, and looks at all it is told. */
export class HostileUser {
  readonly #url: string
  readonly #token: string
  readonly #frames: HostileFrames
  /** Frames that an open connection has handled. */
  handled = 0
  connections = 0

  constructor(url: string, token: string, peers: readonly string[], seed: number) {
    this.#url = url
    this.#token = token
    this.#frames = new HostileFrames(new Random(seed), peers, token)
  }

  async send(count: number): Promise<void> {
    for (const end = this.handled + count; this.handled < end; ) {
      const client = await WireClient.open(this.#url, { token: this.#token })
      // A binary frame as the first one would be MessagePack's beginning.
      await client.settle()
      this.connections++
      const closed = await this.#sendOver(client, end)
      for (const frame of client.frames) judge(frame)
      if (closed && !closeCodes.has(closed.code))
        throw new Error(`closed with ${closed.code} ${closed.reason}`)
      client.socket.terminate()
    }
  }

  /** Some frames at a time, not more than could close the connection before the last; then one whose answer says that all are handled. */
  async #sendOver(client: WireClient, end: number): Promise<Closed | undefined> {
    let closed: Closed | undefined
    void client.closed.then(how => {
      closed = how
    })
    while (this.handled < end && !closed) {
      this.#sendSome(client, Math.min(FRAMES_AT_A_TIME, end - this.handled))
      const serverMsgId = String(2 ** 52 + this.handled)
      client.send({ type: 'ACK', ackType: 'read', serverMsgId })
      await client.next({ type: 'ERROR', serverMsgId }).catch((error: Error) => {
        if (!closed) throw error
      })
    }
    return closed
  }

  #sendSome(client: WireClient, count: number): void {
    let mayClose = client.frames.filter(isProtocolError).length
    for (let left = count; left > 0 && mayClose < PROTOCOL_ERRORS_TO_CLOSE; left--) {
      const frame = this.#frames.next()
      client.socket.send(frame.data, { binary: frame.binary })
      this.handled++
      if (frame.mayClose) mayClose++
    }
  }
}

const isProtocolError = ({ reason }: Frame): boolean => isReason(reason) && refusals[reason].then === 'count'

function judge(frame: Frame): void {
  const { type, reason } = frame
  const refused = type === 'ERROR' || type === 'AUTH_FAIL'
  if (!answers.has(String(type)) || (refused && !isReason(reason)) || reason === 'internal_error')
    throw new Error(`the server said ${JSON.stringify(frame).slice(0, 500)}`)
}
