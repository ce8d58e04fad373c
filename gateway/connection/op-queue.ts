import type { HandleResult, Op, OpAnswer, Refused, SendOp } from '../../actors/user/contract.ts'
import { refusals } from '../../protocol/errors.ts'
import { recipientOf } from '../../protocol/ids.ts'
import { fullJitter } from '../../runtime/backoff.ts'
import type { FrameRef } from './wire-protocol.ts'

export interface QueuedOp {
  readonly op: Op
  /** performance.now() when its frame came. */
  readonly receivedAt: number
  /** Of its frame. */
  readonly ref?: FrameRef | undefined
  /** Refused already, and in the queue only to hold its place in an `ordered` client's conversation. */
  readonly refused?: true
}

export interface OpQueueOwner {
  /** One call to the actor; rejects when its outcome is unknown. */
  call(ops: readonly Op[]): Promise<HandleResult>
  answered(op: QueuedOp, result: OpAnswer): void
  /** Calls back once the client has received all that it was answered before; never, should it be gone. */
  whenHeard(heard: () => void): void
  /** All results of a call have been given. */
  settled(): void
  refused(reason: Refused['reason']): void
}

/** Operations that one call takes at most: bounds the turn and the value on the bus. */
const MAX_BATCH = 64
/** Characters of texts and ids that one call takes at most: in JSON each may be six bytes, and the bus carries 4 MB. */
const MAX_BATCH_CHARACTERS = 524_288
const RETRY_BASE_MS = 100
const RETRY_CAP_MS = 5000

/**
 * The operations of one connection on their way to its actor: one call under way, and what comes meanwhile goes
 * together as the next. That keeps their order over retries, and makes batches under load.
 */
export class OpQueue {
  readonly #owner: OpQueueOwner
  readonly #ordered: boolean
  /** For `ordered` clients: by recipient, the refused message that has to be repeated first. */
  readonly #stalled = new Map<string, string>()
  /** For `ordered` clients: one of its messages is refused for good, and it may not have heard of that. */
  #unheard = false
  #waiting: QueuedOp[] = []
  #calling = false
  #open = false
  #failures = 0
  #retry: NodeJS.Timeout | undefined
  #finished: (() => void) | undefined

  constructor(owner: OpQueueOwner, ordered: boolean) {
    this.#owner = owner
    this.#ordered = ordered
  }

  get length(): number {
    return this.#waiting.length
  }

  get quiet(): boolean {
    return !this.#calling && this.#waiting.length === 0
  }

  add(op: QueuedOp): void {
    this.#waiting.push(op)
    this.#next()
  }

  /** While closed, operations wait. */
  open(): void {
    this.#open = true
    this.#next()
  }

  close(): void {
    this.#open = false
  }

  clear(): void {
    clearTimeout(this.#retry)
    this.#open = false
    this.#waiting = []
    this.#finished?.()
  }

  /** What a client sent before it left is still done, once. Resolves when nothing is left of it. */
  async finish(): Promise<void> {
    if (!this.#open || this.#unheard) this.clear()
    if (this.quiet) return
    await new Promise<void>(resolve => {
      this.#finished = resolve
    })
  }

  #next(): void {
    if (!this.#open || this.#calling || this.#retry || this.#unheard || this.#waiting.length === 0) return
    const batch = this.#takeBatch()
    this.#calling = true
    void this.#run(batch).then(() => {
      this.#calling = false
      if (this.#unheard) this.#holdUntilHeard()
      this.#owner.settled()
      this.#next()
      if (this.quiet) this.#finished?.()
    })
  }

  /** Takes note, in its place, of a send that was refused on arrival. */
  addRefused(op: SendOp): void {
    if (this.#ordered) this.add({ op, receivedAt: 0, refused: true })
  }

  #takeBatch(): QueuedOp[] {
    let size = 0
    let characters = 0
    for (const { op } of this.#waiting) {
      characters += charactersOf(op)
      if (size >= MAX_BATCH || (size > 0 && characters > MAX_BATCH_CHARACTERS)) break
      size++
    }
    return this.#waiting.splice(0, size)
  }

  async #run(batch: readonly QueuedOp[]): Promise<void> {
    const callable = this.#ordered ? batch.filter(queued => this.#mayCall(queued)) : batch
    if (callable.length === 0) return
    try {
      const result = await this.#owner.call(callable.map(({ op }) => op))
      if (!result.ok) this.#owner.refused(result.reason)
      else
        for (const [index, queued] of callable.entries()) this.#answer(queued, result.results[index] ?? null)
      this.#failures = 0
    } catch {
      this.#onUnanswered(callable)
    }
  }

  /** What is answered is its client's to repeat. An acknowledgement is not, so it is asked for again. */
  #onUnanswered(batch: readonly QueuedOp[]): void {
    if (this.#finished) {
      this.clear()
      return
    }
    this.#waiting.unshift(...batch.filter(({ op }) => !isAnswered(op)))
    this.#retry = setTimeout(
      () => {
        this.#retry = undefined
        this.#next()
      },
      fullJitter(this.#failures++, RETRY_BASE_MS, RETRY_CAP_MS),
    )
    for (const queued of batch) if (isAnswered(queued.op)) this.#answer(queued, busy)
  }

  /** Refuses a send while one before it in its conversation has been refused and not been repeated. */
  #mayCall(queued: QueuedOp): boolean {
    const { op } = queued
    if (op.op !== 'send') return true
    const recipient = recipientOf(op)
    const first = this.#stalled.get(recipient)
    if (queued.refused) {
      if (first === undefined) this.#stalled.set(recipient, op.clientMsgId)
      return false
    }
    if (first === undefined) return true
    if (first === op.clientMsgId) return this.#stalled.delete(recipient)
    this.#owner.answered(queued, busy)
    return false
  }

  #answer(queued: QueuedOp, result: OpAnswer): void {
    const { op } = queued
    const refusal = result !== null && 'reason' in result ? refusals[result.reason] : undefined
    if (this.#ordered && refusal && op.op === 'send') {
      const recipient = recipientOf(op)
      if (!refusal.retryable) this.#unheard = true
      else if (!this.#stalled.has(recipient)) this.#stalled.set(recipient, op.clientMsgId)
    }
    this.#owner.answered(queued, result)
  }

  /**
   * A client that loses its connection before it hears of a refusal repeats the message, which may be taken by then: so
   * what it sent after it must not be stored before. Who is gone will hear of nothing.
   */
  #holdUntilHeard(): void {
    if (this.#finished) this.clear()
    else
      this.#owner.whenHeard(() => {
        this.#unheard = false
        this.#next()
      })
  }
}

const isAnswered = ({ op }: Op): boolean =>
  op === 'send' || op === 'revoke' || op === 'join-request' || op === 'sync'

/** A page of messages fills an answer as much as texts fill a call: one is all that a call asks for. */
function charactersOf(op: Op): number {
  if (op.op === 'send') return op.body.length
  if (op.op === 'sync') return MAX_BATCH_CHARACTERS
  if (op.op !== 'acknowledge' || op.messages === 'all') return 0
  return op.messages.reduce((sum, { length }) => sum + length, 0)
}

const busy: OpAnswer = { reason: 'server_busy' }
