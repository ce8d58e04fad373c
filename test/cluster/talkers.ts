import { expect } from 'chai'
import { WebSocket } from 'ws'
import { HomingClient } from '../../client/index.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { until } from '../support/until.ts'

const SETTLED_WITHIN_MS = 40_000

interface Pair {
  readonly clients: readonly [HomingClient, HomingClient]
  readonly to: string
  /** Bodies, in the order of sending and of arrival. */
  readonly sent: string[]
  readonly received: string[]
}

/** Pairs of users on different gateways; one of each pair sends all the time, whatever happens to the cluster. */
export class Talkers {
  readonly #pairs: readonly Pair[]
  readonly #everyMs: number
  #acceptedAt: number[] = []
  #saved = 0
  #timer: NodeJS.Timeout | undefined

  private constructor(pairs: readonly Pair[], everyMs: number) {
    this.#pairs = pairs
    this.#everyMs = everyMs
  }

  static async connect(target: Target, count: number, everyMs: number): Promise<Talkers> {
    const pairs: Pair[] = []
    const client = async (user: string, index: number) => {
      const options = { url: gatewayOf(target, index), token: await signToken(target, user) }
      return new HomingClient({ ...options, webSocket: WebSocket })
    }
    for (let index = 0; index < count; index++) {
      const to = newUser('listener')
      const clients = [await client(newUser('talker'), index), await client(to, index + 1)] as const
      const pair: Pair = { clients, to, sent: [], received: [] }
      clients[1].on('message', ({ body }) => pair.received.push(body))
      for (const each of clients) await each.connect()
      pairs.push(pair)
    }
    const talkers = new Talkers(pairs, everyMs)
    for (const { clients } of pairs) {
      clients[0].on('accepted', () => talkers.#acceptedAt.push(performance.now()))
      clients[0].on('saved', () => talkers.#saved++)
    }
    const online = () => pairs.every(({ clients }) => clients.every(({ state }) => state.name === 'online'))
    await until(online, 'not everybody is online', SETTLED_WITHIN_MS)
    return talkers
  }

  /** How many messages are saved. */
  get saved(): number {
    return this.#saved
  }

  talk(): void {
    this.#timer = setInterval(() => {
      for (const { clients, to, sent } of this.#pairs) {
        const body = String(sent.length)
        sent.push(body)
        clients[0].send({ to, body })
      }
    }, this.#everyMs)
  }

  /** When messages were accepted between two moments (performance.now()), and the longest pause between two. */
  accepted(from: number, to: number): { readonly count: number; readonly longestPauseMs: number } {
    const within = this.#acceptedAt.filter(at => at >= from && at <= to)
    const moments = [from, ...within, to]
    const pauses = moments.slice(1).map((at, index) => at - (moments[index] ?? at))
    return { count: within.length, longestPauseMs: Math.max(...pauses) }
  }

  /** Rejects unless everything that was sent has been saved and has arrived once and in order. Answers how many. */
  async settle(): Promise<number> {
    clearInterval(this.#timer)
    const total = this.#pairs.reduce((sum, { sent }) => sum + sent.length, 0)
    await until(() => this.#saved === total, 'not everything is saved', SETTLED_WITHIN_MS)
    const arrived = () => this.#pairs.every(({ sent, received }) => received.length >= sent.length)
    await until(arrived, 'not everything has arrived', SETTLED_WITHIN_MS)
    for (const { sent, received } of this.#pairs) expect(received).to.deep.equal(sent)
    return total
  }

  close(): void {
    clearInterval(this.#timer)
    for (const { clients } of this.#pairs) for (const client of clients) client.close()
  }
}
