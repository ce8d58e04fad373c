import type { Frame, LeanClient } from './lean-client.ts'
import type { Observer, Scenario } from './scenario.ts'
import { Stream } from './stream.ts'
import { addCounts, type Counts, noCounts } from './tally.ts'

/** One sender's place in the run. */
export interface Conversation {
  /** What its frames are addressed with: `"type":"SINGLE_CHAT","to":"…"`. */
  readonly address: string
  /** Numbers of the clients that are to receive what it sends. */
  readonly receivers: readonly number[]
}

export interface MessagingOptions {
  /** Makes message ids of this run unlike those of any other. */
  readonly runId: string
  /** By number of the sending client. */
  readonly conversations: ReadonlyMap<number, Conversation>
  readonly body: string
  /** Whether receivers also acknowledge each message as read, and senders time the relayed receipt. */
  readonly readReceipts: boolean
}

/** Clients that send messages to one another, one to one or in groups, and acknowledge what they get as delivered. */
export class MessagingScenario implements Scenario {
  readonly #options: MessagingOptions
  readonly #observer: Observer
  readonly #streams: ReadonlyMap<number, Stream>
  /** By number of the receiving client. */
  readonly #sendersTo = new Map<number, Stream[]>()
  /** Of messages whose read receipt is awaited: since when, by seq. */
  readonly #receiptsDue = new Map<string, number>()
  #foreign = 0
  #receipts = 0

  constructor(options: MessagingOptions, observer: Observer) {
    this.#options = options
    this.#observer = observer
    const streams = new Map<number, Stream>()
    for (const [sender, { receivers }] of options.conversations) {
      const stream = new Stream(receivers)
      streams.set(sender, stream)
      for (const receiver of receivers) {
        const others = this.#sendersTo.get(receiver)
        if (others) others.push(stream)
        else this.#sendersTo.set(receiver, [stream])
      }
    }
    this.#streams = streams
  }

  get unsettled(): number {
    let unsettled = 0
    for (const stream of this.#streams.values()) unsettled += stream.unsettled
    return unsettled
  }

  turn(client: LeanClient, at: number, measured: boolean): void {
    const stream = this.#streams.get(client.index)
    if (!stream) return
    const n = stream.offer(at, measured)
    if (this.#send(client, stream, n) && measured) this.#observer.record('late', performance.now() - at)
  }

  onFrame(client: LeanClient, frame: Frame): void {
    switch (frame.type) {
      case 'ACK':
        this.#onAck(client, frame)
        break
      case 'SINGLE_CHAT':
      case 'GROUP_CHAT':
        this.#onMessage(client, frame)
        break
      case 'ERROR':
        this.#onError(client, frame)
        break
    }
  }

  /** Repeats what has no answer, in its order and with its ids, as a client has to. */
  onReconnected(client: LeanClient): void {
    const stream = this.#streams.get(client.index)
    for (const n of stream?.unanswered() ?? []) if (stream) this.#send(client, stream, n)
  }

  onGone(client: LeanClient): void {
    for (const stream of this.#sendersTo.get(client.index) ?? []) stream.leave(client.index)
    this.#streams.get(client.index)?.abandon()
  }

  counts(): Partial<Counts> {
    const counts = noCounts()
    for (const stream of this.#streams.values()) addCounts(counts, stream.counts())
    const unsent = counts.offered - counts.sent
    return { ...counts, unsent, foreign: this.#foreign, receipts: this.#receipts }
  }

  #send(client: LeanClient, stream: Stream, n: number): boolean {
    const { conversations, runId, body } = this.#options
    const address = conversations.get(client.index)?.address
    const id = `${runId}.${client.index}.${n}`
    if (!client.send(`{${address},"clientMsgId":"${id}","body":"${body}"}`)) return false
    stream.sent(n)
    return true
  }

  #onAck(client: LeanClient, { ackType, clientMsgId, serverMsgId = '' }: Frame): void {
    const id = this.#parse(clientMsgId)
    const stream = id?.sender === client.index ? this.#streams.get(id.sender) : undefined
    if (ackType === 'read') this.#onReceipt(serverMsgId)
    else if (!id || !stream) return
    else if (ackType === 'accepted') this.#time('accepted', stream.accepted(id.n, Number(serverMsgId)))
    else if (ackType === 'saved') this.#time('saved', stream.saved(id.n, Number(serverMsgId)))
  }

  #onMessage(client: LeanClient, { clientMsgId, serverMsgId = '' }: Frame): void {
    client.send(`{"type":"ACK","ackType":"delivered","serverMsgId":"${serverMsgId}"}`)
    const id = this.#parse(clientMsgId)
    if (!id) {
      this.#foreign++
      return
    }
    const since = this.#streams.get(id.sender)?.received(client.index, id.n, Number(serverMsgId))
    this.#time('e2e', since)
    if (!this.#options.readReceipts) return
    if (since !== undefined) this.#receiptsDue.set(serverMsgId, since)
    client.send(`{"type":"ACK","ackType":"read","serverMsgId":"${serverMsgId}"}`)
  }

  #onReceipt(serverMsgId: string): void {
    this.#receipts++
    this.#time('receipt', this.#receiptsDue.get(serverMsgId))
    this.#receiptsDue.delete(serverMsgId)
  }

  #onError(client: LeanClient, { reason = 'unknown', clientMsgId }: Frame): void {
    this.#observer.error(reason)
    const id = this.#parse(clientMsgId)
    if (id?.sender === client.index) this.#streams.get(id.sender)?.refused(id.n)
  }

  #time(timing: 'accepted' | 'saved' | 'e2e' | 'receipt', since: number | undefined): void {
    if (since !== undefined) this.#observer.record(timing, performance.now() - since)
  }

  #parse(clientMsgId = ''): { sender: number; n: number } | undefined {
    const [runId, sender, n] = clientMsgId.split('.')
    return runId === this.#options.runId ? { sender: Number(sender), n: Number(n) } : undefined
  }
}
