import { once } from 'node:events'
import { WebSocket } from 'ws'
import { pack, unpack, type Value, type ValueMap } from './msgpack-by-hand.ts'
import type { Closed, WireOptions } from './wire-client.ts'

const WAIT_MS = 8000

export const type = {
  auth: 1,
  chat: 2,
  ack: 3,
  syncReq: 4,
  presence: 5,
  ping: 6,
  authRsp: 101,
  chatPush: 102,
  syncRsp: 103,
  presencePush: 104,
  pong: 105,
  error: 106,
} as const

/** A frame of the server's, its payload unpacked. */
export interface ServerFrame {
  readonly type: number
  readonly seq: number | bigint
  readonly payload: ValueMap
}

/** A client of document 004, written from the contract alone. */
export class MsgpackClient {
  readonly frames: ServerFrame[] = []
  /** Messages that were text: to a client of this protocol none should be. */
  readonly texts: string[] = []
  readonly closed: Promise<Closed>
  readonly socket: WebSocket
  readonly #taken = new Set<ServerFrame>()
  readonly #waiting = new Set<() => void>()
  #seq = 0

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.frames.push(readFrame(data as Buffer))
      else this.texts.push(data.toString())
      for (const check of this.#waiting) check()
    })
    socket.on('error', () => undefined)
    this.closed = new Promise(resolve => {
      socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() })
        for (const check of this.#waiting) check()
      })
    })
  }

  /** Opens `/ws` of a gateway. Rejects with the HTTP answer when the upgrade is refused. */
  static async open(
    url: string,
    {
      token,
      query = {},
      headers = {},
      socket: behaviour = {},
      subprotocol,
    }: WireOptions & { subprotocol?: string } = {},
  ): Promise<MsgpackClient> {
    const address = new URL('/ws', url.replace(/^http/, 'ws'))
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value)
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const options = { ...behaviour, headers: { ...authorization, ...headers } }
    const socket = new WebSocket(address, subprotocol ? [subprotocol] : [], options)
    const client = new MsgpackClient(socket)
    const refused = once(socket, 'unexpected-response').then(([, response]) => {
      throw new Error(`HTTP ${response.statusCode}`)
    })
    refused.catch(() => undefined)
    await Promise.race([once(socket, 'open'), refused])
    return client
  }

  /** Opens a connection and authenticates it by an Auth frame. */
  static async authenticated(
    url: string,
    token: string,
    { acks = false, ...options }: WireOptions & { acks?: boolean } = {},
  ): Promise<MsgpackClient> {
    const client = await MsgpackClient.open(url, options)
    client.send(type.auth, { token, ...(acks && { acks }) })
    await client.next(type.authRsp, { success: true })
    return client
  }

  /** Sends a frame; a payload that is a map is packed into bytes. Answers its number. */
  send(frameType: number, payload: ValueMap | Uint8Array | null, seq = ++this.#seq): number {
    const packed = payload === null || payload instanceof Uint8Array ? payload : pack(payload)
    this.sendBytes(pack({ type: frameType, seq, payload: packed }))
    return seq
  }

  sendBytes(bytes: Uint8Array): void {
    this.socket.send(bytes, { binary: true })
  }

  /** The first frame of a type not taken yet whose payload has these fields; taken by this call. */
  async next(
    frameType: number,
    fields: ValueMap = {},
    seq?: number | bigint,
    waitMs = WAIT_MS,
  ): Promise<ServerFrame> {
    const find = () =>
      this.frames.find(
        frame =>
          !this.#taken.has(frame) && matches(frame, frameType, fields) && (seq ?? frame.seq) === frame.seq,
      )
    const found = await this.#until(find, () => `no ${frameType} ${show(fields)} ${seq ?? ''}`, waitMs)
    this.#taken.add(found)
    return found
  }

  /** All frames so far of a type whose payload has these fields. */
  all(frameType: number, fields: ValueMap = {}): ServerFrame[] {
    return this.frames.filter(frame => matches(frame, frameType, fields))
  }

  async atLeast(
    count: number,
    frameType: number,
    fields: ValueMap = {},
    waitMs = WAIT_MS,
  ): Promise<ServerFrame[]> {
    const enough = () =>
      this.all(frameType, fields).length >= count ? this.all(frameType, fields) : undefined
    return await this.#until(enough, () => `fewer than ${count} of ${frameType} ${show(fields)}`, waitMs)
  }

  /** Everything the server had to say before this has arrived when it resolves. */
  async settle(): Promise<void> {
    const seq = this.send(type.ping, null)
    await this.next(type.pong, {}, seq)
  }

  async close(): Promise<Closed> {
    this.socket.close()
    return await this.closed
  }

  async #until<T>(find: () => T | undefined, complaint: () => string, waitMs: number): Promise<T> {
    const now = find()
    if (now !== undefined) return now
    const tail = () =>
      show(this.frames.slice(-5).map(({ type: t, seq, payload }) => ({ type: t, seq, payload })))
    return await new Promise<T>((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        this.#waiting.delete(check)
      }
      const check = () => {
        const value = find()
        if (value === undefined && this.socket.readyState !== WebSocket.CLOSED) return
        end()
        if (value === undefined) reject(new Error(`closed; ${complaint()} in ${tail()}`))
        else resolve(value)
      }
      const timer = setTimeout(() => {
        end()
        reject(new Error(`${complaint()} in ${tail()}`))
      }, waitMs)
      this.#waiting.add(check)
    })
  }
}

/** Every frame is a map of these three; a payload is bytes that hold a map, or nil. */
function readFrame(bytes: Buffer): ServerFrame {
  const frame = unpack(bytes) as ValueMap
  const { type: frameType, seq, payload, ...more } = frame
  const isNumber = typeof seq === 'number' || typeof seq === 'bigint'
  if (typeof frameType !== 'number' || !isNumber || Object.keys(more).length > 0)
    throw new Error(`said ${show(frame)}`)
  if (payload === null) return { type: frameType, seq, payload: {} }
  if (!(payload instanceof Uint8Array)) throw new Error(`said ${show(frame)}`)
  return { type: frameType, seq, payload: unpack(Buffer.from(payload)) as ValueMap }
}

const matches = (frame: ServerFrame, frameType: number, fields: ValueMap): boolean =>
  frame.type === frameType && Object.entries(fields).every(([name, value]) => frame.payload[name] === value)

const show = (value: Value | object): string =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `${item}` : item)).slice(0, 600)
