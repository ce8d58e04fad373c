import { CloseCode } from '../protocol/close-codes.ts'
import { type Backoff, jittered } from './backoff.ts'
import { Alarm, type Clock } from './clock.ts'
import { Connection, type Ending } from './connection.ts'
import type { ClientState } from './events.ts'
import type { ClientFrame, ServerFrame } from './frames.ts'
import type { LivenessTimes } from './liveness.ts'
import { Refused } from './refused.ts'
import { renewAfterMs } from './token-life.ts'
import type { WebSocketClass } from './web-socket.ts'
import type { WireProtocol } from './wire-protocol.ts'

export type TokenSource = string | (() => Promise<string>)

export interface LinkOptions {
  readonly url: string
  readonly token: TokenSource
  readonly protocol: WireProtocol
  readonly webSocket: WebSocketClass
  readonly clock: Clock
  readonly random: () => number
  readonly backoff: Backoff
  readonly liveness: LivenessTimes
}

export interface LinkListener {
  state(state: ClientState): void
  frame(frame: ServerFrame): void
}

type Phase =
  | { readonly name: 'closed' }
  | { readonly name: 'asking'; readonly failures: number }
  | { readonly name: 'opening'; readonly failures: number; readonly connection: Connection }
  | {
      readonly name: 'online'
      readonly failures: number
      readonly connection: Connection
      readonly since: number
    }
  | { readonly name: 'waiting'; readonly failures: number }

/** A connection that held this long was a success: the next one is tried without the patience of earlier failures. */
const SETTLED_MS = 5000
const TOO_MANY_REQUESTS_WAIT_MS = 10_000
const RENEW_AGAIN_MS = 10_000

/** Connections one after the other, for as long as the application and the server want it. */
export class Link {
  readonly #options: LinkOptions
  readonly #listener: LinkListener
  readonly #retry: Alarm
  readonly #renewal: Alarm
  #phase: Phase = { name: 'closed' }

  constructor(options: LinkOptions, listener: LinkListener) {
    this.#options = options
    this.#listener = listener
    this.#retry = new Alarm(options.clock, () => {
      if (this.#phase.name === 'waiting') void this.#dial(this.#phase.failures)
    })
    this.#renewal = new Alarm(options.clock, () => void this.#renew())
  }

  open(): void {
    if (this.#phase.name === 'closed') void this.#dial(0)
  }

  /** Only while online; otherwise the frame is gone. */
  send(frame: ClientFrame): void {
    if (this.#phase.name === 'online') this.#phase.connection.send(frame)
  }

  close(reason: string, code?: number): void {
    const phase = this.#phase
    if (phase.name === 'closed') return
    this.#retry.clear()
    this.#renewal.clear()
    this.#phase = { name: 'closed' }
    if (phase.name === 'opening' || phase.name === 'online') phase.connection.close()
    this.#listener.state({ name: 'closed', reason, ...(code !== undefined && { code }) })
  }

  /** Gives the connection up and makes a new one. */
  restart(reason: string, code = 0): void {
    if (this.#phase.name !== 'online') return
    const { connection } = this.#phase
    this.#lost({ final: false, reason, code })
    connection.close()
  }

  async #dial(failures: number): Promise<void> {
    const phase: Phase = { name: 'asking', failures }
    this.#phase = phase
    this.#listener.state({ name: 'connecting', failures })
    try {
      const token = await this.#token()
      if (this.#phase === phase) this.#connect(token, failures)
    } catch (error) {
      if (this.#phase !== phase) return
      if (error instanceof Refused) this.close(error.reason)
      else this.#wait(failures, error instanceof Error ? error.message : String(error), 0)
    }
  }

  async #token(): Promise<string> {
    const { token } = this.#options
    return typeof token === 'string' ? token : token()
  }

  #connect(token: string, failures: number): void {
    const connection = new Connection(
      { ...this.#options, token },
      {
        bound: userId => {
          this.#phase = { name: 'online', failures, connection, since: this.#options.clock.now() }
          this.#renewBeforeEnd(token)
          this.#listener.state({ name: 'online', userId })
        },
        frame: frame => this.#listener.frame(frame),
        gone: ending => this.#lost(ending),
      },
    )
    this.#phase = { name: 'opening', failures, connection }
  }

  #lost(ending: Ending): void {
    if (ending.final) {
      this.close(ending.reason, ending.code)
      return
    }
    const phase = this.#phase
    if (phase.name !== 'opening' && phase.name !== 'online') return
    this.#renewal.clear()
    const settled = phase.name === 'online' && this.#options.clock.now() - phase.since >= SETTLED_MS
    const atLeastMs = ending.code === CloseCode.tooManyRequests ? TOO_MANY_REQUESTS_WAIT_MS : 0
    this.#wait(settled ? 0 : phase.failures, ending.reason, atLeastMs)
  }

  #wait(failures: number, reason: string, atLeastMs: number): void {
    const delayMs = atLeastMs + jittered(this.#options.backoff, failures, this.#options.random)
    this.#phase = { name: 'waiting', failures: failures + 1 }
    this.#retry.set(delayMs)
    this.#listener.state({ name: 'waiting', reason, delayMs })
  }

  /** Only a function can answer with a newer token. */
  #renewBeforeEnd(token: string): void {
    const ms = typeof this.#options.token === 'string' ? undefined : renewAfterMs(token)
    if (ms !== undefined) this.#renewal.set(ms)
  }

  async #renew(): Promise<void> {
    const phase = this.#phase
    if (phase.name !== 'online') return
    try {
      const token = await this.#token()
      phase.connection.send({ type: 'REAUTH', token })
      if (this.#phase === phase) this.#renewBeforeEnd(token)
    } catch {
      // The old token still holds. If none comes until it ends, the server's close says so.
      if (this.#phase === phase) this.#renewal.set(RENEW_AGAIN_MS)
    }
  }
}
