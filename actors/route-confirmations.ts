import { type Bus, NoResponders } from '../messaging/bus.ts'
import { subjects } from '../messaging/subjects.ts'
import type { PresenceStatus } from '../protocol/presence.ts'
import { delay, fullJitter } from '../runtime/backoff.ts'
import type { Attachment } from './user/attachment.ts'
import type { Attached } from './user/contract.ts'

const ANSWER_MS = 1000
const RETRY_CAP_MS = 5000
/** Connections in one question. */
const QUESTION = 256

/** What new owners ask a gateway: which of these connections are there. From then on they are the owners'. */
export interface AttachRequest {
  readonly connections: readonly (Attached & { readonly connId: string })[]
}

export interface AttachAnswer {
  readonly present: readonly string[]
  /** Of those whose clients have said that they are not online. */
  readonly presence?: Readonly<Record<string, PresenceStatus>>
}

type Absent = () => void

/**
 * Asks gateways for the connections of routes that were taken up again. A gateway is asked for all that wait for it
 * together, one question at a time, until it has answered for them or nobody serves it: then what waits is absent. A
 * gateway that is only cut off finds out when it touches its connections.
 */
export class RouteConfirmations {
  readonly #bus: Bus
  readonly #byGateway = new Map<string, Map<Attachment, Absent>>()
  readonly #closed = new AbortController()

  constructor(bus: Bus) {
    this.#bus = bus
  }

  /** `absent` is called when the gateway does not have the connection, unless it was confirmed otherwise meanwhile. */
  ask(attachment: Attachment, absent: Absent): void {
    const { gatewayId } = attachment.binding
    const asking = this.#byGateway.get(gatewayId)
    const waiting = asking ?? new Map<Attachment, Absent>()
    waiting.set(attachment, absent)
    if (asking) return
    this.#byGateway.set(gatewayId, waiting)
    // What is taken up in one tick is asked for together.
    queueMicrotask(() => void this.#untilAnswered(gatewayId, waiting))
  }

  close(): void {
    this.#closed.abort()
  }

  async #untilAnswered(gatewayId: string, waiting: Map<Attachment, Absent>): Promise<void> {
    for (let failures = 0; !this.#closed.signal.aborted; ) {
      for (const attachment of waiting.keys()) if (!attachment.waits) waiting.delete(attachment)
      if (waiting.size === 0) break
      const asked = [...waiting].slice(0, QUESTION)
      try {
        const { present, presence } = await this.#answer(gatewayId, asked)
        const there = new Set(present)
        for (const [attachment, absent] of asked) {
          const { connId } = attachment.binding
          waiting.delete(attachment)
          if (attachment.waits) attachment.presence = presence?.[connId] ?? 'online'
          if (there.has(connId)) attachment.confirm()
          else if (attachment.waits) absent()
        }
        failures = 0
      } catch {
        await delay(fullJitter(failures++, 100, RETRY_CAP_MS))
      }
    }
    this.#byGateway.delete(gatewayId)
  }

  /** Nobody is present at a gateway that nobody serves. */
  async #answer(gatewayId: string, asked: readonly (readonly [Attachment, Absent])[]): Promise<AttachAnswer> {
    const request: AttachRequest = {
      connections: asked.map(([{ attached, binding }]) => ({ ...attached, connId: binding.connId })),
    }
    try {
      return (await this.#bus.request(subjects.attach(gatewayId), request, ANSWER_MS)) as AttachAnswer
    } catch (error) {
      if (error instanceof NoResponders) return { present: [] }
      throw error
    }
  }
}
