import type { UserContract } from '../../actors/user/contract.ts'
import type { Actors } from '../../runtime/actor-runtime.ts'
import { delay } from '../../runtime/backoff.ts'

/** What has happened since the last mark. */
export interface LoadReport {
  readonly calls: number
  /** Calls that ended with an error, and what it was. */
  readonly errors: readonly string[]
  /** The longest a caller had to wait for an answer, over all tries, ms. */
  readonly slowestMs: number
  /** Calls that took over 100 ms. */
  readonly slow: number
  /** Calls since the last that was slow or failed; 0 while one takes that long. */
  readonly calm: number
}

const SLOW_MS = 100

/** What was sent since the start: by sender, clientMsgId and seq in the order of the answers. */
export type Sent = Readonly<Record<string, readonly (readonly [clientMsgId: string, seq: number])[]>>

/** Users that send to one another all the time, each one message after the other. */
export class ActorLoad {
  readonly #users: Actors<UserContract>
  readonly #gatewayId: string
  readonly #sent: Record<string, [string, number][]> = {}
  #running: Promise<void>[] = []
  #stopped = false
  readonly #underWay = new Set<number>()
  #report = emptyReport()

  constructor(users: Actors<UserContract>, gatewayId: string) {
    this.#users = users
    this.#gatewayId = gatewayId
  }

  /** Resolves when all users are bound. */
  async start(count: number, pauseMs: number): Promise<void> {
    const names = Array.from({ length: count }, (_, n) => `user-${n}`)
    for (const name of names) {
      const binding = {
        connId: `c-${name}`,
        gatewayId: this.#gatewayId,
        sv: 0,
        device: 'test',
        outstanding: 200,
      }
      await this.#users.call(name, 'bind', binding)
    }
    this.#running = names.map((name, n) => this.#send(name, names[(n + 1) % count] ?? name, pauseMs))
  }

  mark(): void {
    this.#report = emptyReport()
  }

  report(): LoadReport {
    const stuck = [...this.#underWay].some(started => performance.now() - started > SLOW_MS)
    return stuck ? { ...this.#report, calm: 0 } : this.#report
  }

  async stop(): Promise<Sent> {
    this.#stopped = true
    await Promise.all(this.#running)
    return this.#sent
  }

  async #send(user: string, to: string, pauseMs: number): Promise<void> {
    const sent: [string, number][] = []
    this.#sent[user] = sent
    for (let n = 0; !this.#stopped; n++) {
      const clientMsgId = `${user}.${n}`
      let seq: number | undefined
      while (seq === undefined) seq = await this.#try(user, to, clientMsgId)
      sent.push([clientMsgId, seq])
      await delay(pauseMs)
    }
  }

  async #try(user: string, to: string, clientMsgId: string): Promise<number | undefined> {
    const started = performance.now()
    this.#underWay.add(started)
    try {
      const op = { op: 'send' as const, clientMsgId, to, body: 'hello', msgType: 'TEXT' }
      const answer = await this.#users.call(user, 'handle', {
        connId: `c-${user}`,
        sv: 0,
        device: 'test',
        ops: [op],
      })
      const result = answer.ok ? answer.results[0] : undefined
      if (result && 'seq' in result) return result.seq
      this.#failed(JSON.stringify(answer))
    } catch (error) {
      this.#failed(String(error))
    } finally {
      this.#underWay.delete(started)
      this.#took(performance.now() - started)
    }
    await delay(10)
    return undefined
  }

  #failed(error: string): void {
    this.#report.errors.push(error)
    this.#report.calm = 0
  }

  #took(ms: number): void {
    const report = this.#report
    report.calls++
    report.slowestMs = Math.max(report.slowestMs, ms)
    if (ms > SLOW_MS) report.slow++
    report.calm = ms > SLOW_MS ? 0 : report.calm + 1
  }
}

const emptyReport = () => ({ calls: 0, errors: [] as string[], slowestMs: 0, slow: 0, calm: 0 })
