/** What is known of one message; `open` counts what it still waits for: being saved, and each receiver. */
interface Sent {
  readonly intendedAt: number
  readonly measured: boolean
  onWire: boolean
  accepted: boolean
  saved: boolean
  refused: boolean
  seq: number
  open: number
}

interface Reception {
  gone: boolean
  /** By number of the message: under which seq it came first. */
  readonly seqs: number[]
  highest: number
  highestSeq: number
}

/** Of all messages of a stream. The first five tell how it went; the rest are broken promises. */
export interface StreamCounts {
  offered: number
  sent: number
  accepted: number
  saved: number
  refused: number
  /** First arrivals at receivers. */
  received: number
  /** Sent, and neither acknowledged nor refused: an unknown outcome. */
  unanswered: number
  /** Acknowledged, and not received by somebody who should have been sent it. */
  lost: number
  /** Acknowledged as accepted, never as saved, to a sender who was there to the end. */
  unsaved: number
  /** Arrivals of what had arrived before under the same seq. */
  duplicated: number
  /** First arrivals after a later message of the sender, unless refused, or under a lower seq than one before. */
  reordered: number
  /** One message under two seqs. */
  contradicted: number
}

/** Since when an event is to be timed; undefined when it is not news, or not measured. */
export type Since = number | undefined

/** All that one sender sends to one conversation, numbered from 0, and what becomes of it. Times are ms of one clock. */
export class Stream {
  readonly #messages: Sent[] = []
  readonly #receptions = new Map<number, Reception>()
  #unsettled = 0
  #abandoned = false
  #duplicated = 0
  #reordered = 0
  #contradicted = 0

  constructor(receivers: readonly number[]) {
    for (const receiver of receivers) {
      this.#receptions.set(receiver, { gone: false, seqs: [], highest: -1, highestSeq: 0 })
    }
  }

  /** Messages on the wire that still wait for something. */
  get unsettled(): number {
    return this.#unsettled
  }

  /** Notes that a message is due; answers its number. */
  offer(intendedAt: number, measured: boolean): number {
    const open = this.#present().length + 1
    const fresh = { onWire: false, accepted: false, saved: false, refused: false, seq: 0, open }
    return this.#messages.push({ intendedAt, measured, ...fresh }) - 1
  }

  sent(n: number): void {
    const message = this.#messages[n]
    if (!message || message.onWire) return
    message.onWire = true
    this.#unsettled++
  }

  /** Numbers that are due or sent and have no answer yet, in order: what to repeat on a new connection. */
  unanswered(): number[] {
    const open = (message: Sent) => !message.accepted && !message.saved && !message.refused
    return this.#messages.flatMap((message, n) => (open(message) ? [n] : []))
  }

  accepted(n: number, seq: number): Since {
    const message = this.#messages[n]
    if (!message) return undefined
    this.#name(message, seq)
    const news = !message.accepted
    message.accepted = true
    return news && message.measured ? message.intendedAt : undefined
  }

  saved(n: number, seq: number): Since {
    const message = this.#messages[n]
    if (!message) return undefined
    this.#name(message, seq)
    if (message.saved) return undefined
    message.saved = true
    this.#close(message, 1)
    return message.measured ? message.intendedAt : undefined
  }

  refused(n: number): void {
    const message = this.#messages[n]
    if (!message || message.refused) return
    message.refused = true
    this.#close(message, message.open)
  }

  received(receiver: number, n: number, seq: number): Since {
    const message = this.#messages[n]
    const reception = this.#receptions.get(receiver)
    if (!message || !reception) return undefined
    const first = reception.seqs[n]
    if (first !== undefined) {
      if (first === seq) this.#duplicated++
      else this.#contradicted++
      return undefined
    }
    this.#name(message, seq)
    reception.seqs[n] = seq
    // What was refused may come all the same, and whenever it does: nobody has been promised its place.
    const outOfTurn = n < reception.highest && !message.refused
    if (outOfTurn || seq <= reception.highestSeq) this.#reordered++
    reception.highest = Math.max(reception.highest, n)
    reception.highestSeq = Math.max(reception.highestSeq, seq)
    this.#close(message, 1)
    return message.measured ? message.intendedAt : undefined
  }

  /** The receiver is gone: what it has not received is nobody's loss. */
  leave(receiver: number): void {
    const reception = this.#receptions.get(receiver)
    if (!reception || reception.gone) return
    reception.gone = true
    for (const [n, message] of this.#messages.entries()) {
      if (reception.seqs[n] === undefined) this.#close(message, 1)
    }
  }

  /** The sender is gone: it will hear no more answers, and has none to wait for. */
  abandon(): void {
    this.#abandoned = true
    for (const message of this.#messages) this.#close(message, message.open)
  }

  counts(): StreamCounts {
    const count = (holds: (message: Sent) => boolean) => this.#messages.filter(holds).length
    const receptions = [...this.#receptions.values()]
    const acknowledged = ({ accepted, saved }: Sent) => accepted || saved
    const missing = ({ seqs }: Reception) =>
      this.#messages.filter((message, n) => acknowledged(message) && seqs[n] === undefined).length
    return {
      offered: this.#messages.length,
      sent: count(({ onWire }) => onWire),
      accepted: count(({ accepted }) => accepted),
      saved: count(({ saved }) => saved),
      refused: count(({ refused }) => refused),
      received: receptions.reduce((sum, { seqs }) => sum + seqs.filter(seq => seq !== undefined).length, 0),
      unanswered: count(message => message.onWire && !acknowledged(message) && !message.refused),
      lost: this.#present().reduce((sum, reception) => sum + missing(reception), 0),
      unsaved: this.#abandoned ? 0 : count(({ accepted, saved }) => accepted && !saved),
      duplicated: this.#duplicated,
      reordered: this.#reordered,
      contradicted: this.#contradicted,
    }
  }

  #present(): Reception[] {
    return [...this.#receptions.values()].filter(({ gone }) => !gone)
  }

  #name(message: Sent, seq: number): void {
    if (message.seq !== 0 && message.seq !== seq) this.#contradicted++
    else message.seq = seq
  }

  #close(message: Sent, by: number): void {
    if (message.open === 0) return
    message.open = Math.max(0, message.open - by)
    if (message.open === 0 && message.onWire) this.#unsettled--
  }
}
