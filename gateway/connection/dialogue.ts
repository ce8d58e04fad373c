import { CloseCode } from '../../protocol/close-codes.ts'
import { isMessage } from '../../protocol/entries.ts'
import type { EntryEvent, PushEvent } from '../../protocol/events.ts'
import type { UserId } from '../../protocol/ids.ts'
import type { Settings } from '../../runtime/settings.ts'
import type { Socket } from '../sockets/socket.ts'
import { FrameQueue } from './frame-queue.ts'
import { type Outbound, SendBuffer } from './outbound.ts'
import { ProtocolChoice } from './protocol-choice.ts'
import { Pulse } from './pulse.ts'
import type { TakeFrame, Wire, WireData, WireProtocol } from './wire-protocol.ts'

/** What a connection speaks. `binary`: instead of it, where the first frame is a binary one. */
export interface Spoken {
  readonly protocol: WireProtocol
  readonly binary?: () => WireProtocol
}

export interface DialogueOwner {
  /** The first frame has shown that another protocol is spoken than was taken for granted. */
  switched(from: WireProtocol): void
  /** The client has gone silent, or does not read. */
  ended(code: CloseCode, reason: string): void
  /** A large message has left. */
  taken(seq: number): void
}

/** What one connection hears and says in its protocol, with its signs of life. */
export class Dialogue {
  readonly #socket: Socket
  readonly #settings: Settings
  readonly #owner: DialogueOwner
  #protocol: WireProtocol
  #outbound: Outbound
  #pulse: Pulse
  /** While the first frame is still to decide. */
  #choice: ProtocolChoice | undefined
  /** Who waits until its client has heard what was said before, by the mark of the ping that follows it. */
  readonly #unheard = new Map<string, () => void>()
  #marks = 0

  constructor(socket: Socket, { protocol, binary }: Spoken, settings: Settings, owner: DialogueOwner) {
    this.#socket = socket
    this.#settings = settings
    this.#owner = owner
    this.#protocol = protocol
    this.#outbound = this.#newOutbound()
    this.#pulse = new Pulse(socket, this.#outbound, protocol, settings)
    if (binary) this.#choice = new ProtocolChoice(binary, event => this.push(event))
  }

  get protocol(): WireProtocol {
    return this.#protocol
  }

  alive(mark?: string): void {
    this.#pulse.alive()
    const heard = mark && this.#unheard.get(mark)
    if (!heard) return
    this.#unheard.delete(mark)
    heard()
  }

  /** Calls back once the client's side has received all that was said before; never, should the connection be lost. */
  whenHeard(heard: () => void): void {
    const mark = String(++this.#marks)
    this.#unheard.set(mark, heard)
    this.#socket.ping(mark)
  }

  /** Pushes may come before the first frame. */
  holdPushes(): void {
    this.#choice?.hold(this.#settings.PROTOCOL_WAIT_MS)
  }

  hear(data: Buffer, isBinary: boolean, user: UserId | undefined, take: TakeFrame): void {
    this.#pulse.alive()
    if (this.#choice) this.#choose(this.#choice, isBinary)
    this.#protocol.decode(data, isBinary, user, take)
  }

  say(frame: Wire): void {
    if (frame !== undefined) this.#outbound.send(frame)
  }

  sayAll(frames: readonly WireData[]): void {
    for (const frame of frames) this.#outbound.send(frame)
  }

  /** Large messages wait for each other: the user's actor hears of each that has left. */
  push(event: PushEvent): void {
    if (this.#choice?.holds(event)) return
    const frames = this.#protocol.event(event)
    if (!this.#isLarge(event)) {
      this.sayAll(frames)
      return
    }
    const taken = () => this.#owner.taken(event.seq)
    for (const frame of frames) this.#outbound.send(frame, taken)
  }

  /** Everything that time decides; `now`: ms since 1970. */
  sweep(now: number): void {
    if (this.#pulse.isIdle(now)) this.#owner.ended(CloseCode.resync, 'idle')
    else if (this.#outbound.isTooSlow(now)) this.#owner.ended(CloseCode.slow, 'slow')
    else this.#pulse.beat(now)
  }

  end(): void {
    this.#choice?.end()
  }

  #isLarge(event: PushEvent): event is EntryEvent {
    const { large = Number.POSITIVE_INFINITY } = this.#protocol.delivery
    return event.kind === 'entry' && isMessage(event.entry) && event.entry.body.length > large
  }

  #choose(choice: ProtocolChoice, isBinary: boolean): void {
    const other = choice.made(isBinary)
    this.#choice = undefined
    if (!other) return
    const before = this.#protocol
    this.#protocol = other
    this.#outbound = this.#newOutbound()
    this.#pulse = new Pulse(this.#socket, this.#outbound, other, this.#settings)
    this.#owner.switched(before)
  }

  #newOutbound(): Outbound {
    const { SEND_BUFFER_BYTES, SLOW_TIMEOUT_MS, SEND_QUEUE_FRAMES, SEND_QUEUE_BYTES, WRITE_TIMEOUT_MS } =
      this.#settings
    if (this.#protocol.name !== 'msgpack')
      return new SendBuffer(this.#socket, { slowBytes: SEND_BUFFER_BYTES, slowMs: SLOW_TIMEOUT_MS })
    const limits = { frames: SEND_QUEUE_FRAMES, bytes: SEND_QUEUE_BYTES, writeMs: WRITE_TIMEOUT_MS }
    return new FrameQueue(this.#socket, limits, () => this.#owner.ended(CloseCode.slow, 'slow'))
  }
}
