import type { OpAnswer } from '../../actors/user/contract.ts'
import type { Reason } from '../../protocol/errors.ts'
import type { UserId } from '../../protocol/ids.ts'
import type { ConnectionParts } from './connection-parts.ts'
import type { QueuedOp } from './op-queue.ts'
import type { AwaitingSave, SaveListener } from './saved-acks.ts'
import { type About, aboutOp, type Wire, type WireProtocol } from './wire-protocol.ts'

/** The connection, as far as its answers need it. */
export interface Answering {
  /** Undefined once nothing may be said any more. */
  user(): UserId | undefined
  send(frame: Wire): void
  refuse(reason: Reason, about: About): void
  /** Ends the connection so that the client repeats what is unsaved. */
  resync(): void
}

/** What a connection's client is told of its operations: refused, accepted, and then whether saved. */
export class SendAnswers implements SaveListener {
  readonly #connection: Answering
  readonly #protocol: WireProtocol
  readonly #parts: Pick<ConnectionParts, 'settings' | 'savedAcks' | 'metrics'>

  constructor(connection: Answering, protocol: WireProtocol, parts: ConnectionParts) {
    this.#connection = connection
    this.#protocol = protocol
    this.#parts = parts
  }

  /** Takes the actor's result. */
  answered({ op, receivedAt, ref }: QueuedOp, result: OpAnswer): void {
    const user = this.#connection.user()
    if (user === undefined || result === null) return
    const { settings, savedAcks, metrics } = this.#parts
    if ('reason' in result) {
      this.#connection.refuse(result.reason, aboutOp(op, ref))
    } else if ('messages' in result) {
      this.#connection.send(this.#protocol.synced(result, ref))
    } else if (op.op === 'revoke') {
      this.#connection.send(this.#protocol.revoked(user, op.clientMsgId, result))
    } else if (op.op === 'join-request') {
      this.#connection.send(this.#protocol.accepted(user, op.clientMsgId, result))
    } else if (op.op === 'send') {
      if (settings.TWO_PHASE_ENABLED) {
        this.#connection.send(this.#protocol.accepted(user, op.clientMsgId, result, ref))
        metrics.acceptedLatency.observeMs(performance.now() - receivedAt)
      }
      const { seq, ts } = result
      savedAcks.await(this, { seq, ts, clientMsgId: op.clientMsgId, to: op, receivedAt, ref })
    }
  }

  saved(messages: readonly AwaitingSave[]): void {
    const user = this.#connection.user()
    if (user === undefined) return
    const now = performance.now()
    for (const message of messages) {
      const { to, clientMsgId, ref } = message
      this.#connection.send(this.#protocol.saved(user, to, clientMsgId, message, ref))
      this.#parts.metrics.savedLatency.observeMs(now - message.receivedAt)
    }
  }

  unsavable(messages: readonly AwaitingSave[]): void {
    for (const { clientMsgId, to, seq, ref } of messages) {
      const recipient = 'to' in to ? { to: to.to } : { groupId: to.group }
      this.#connection.refuse('internal_error', { clientMsgId, ...recipient, serverMsgId: seq, ref })
    }
  }

  lost(): void {
    this.#connection.resync()
  }

  forget(): void {
    this.#parts.savedAcks.forget(this)
  }
}
