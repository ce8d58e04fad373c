import { newUser, signToken, type Target } from './target.ts'
import { WireClient } from './wire-client.ts'

/** Two users who go on talking while others misbehave, one message after the other. */
export class PolitePair {
  readonly #clients: readonly [WireClient, WireClient]
  readonly #users: readonly [string, string]
  readonly #talking: Promise<void>
  #stopped = false
  /** Messages that came back acknowledged as delivered. */
  exchanged = 0
  /** The longest that one took, ms. */
  slowestMs = 0

  private constructor(users: readonly [string, string], clients: readonly [WireClient, WireClient]) {
    this.#users = users
    this.#clients = clients
    this.#talking = this.#talk()
    this.#talking.catch(() => undefined)
  }

  static async start(target: Target, url: string): Promise<PolitePair> {
    const users = [newUser('alice'), newUser('bob')] as const
    const connect = async (user: string) => WireClient.authenticated(url, await signToken(target, user))
    return new PolitePair(users, [await connect(users[0]), await connect(users[1])])
  }

  /** Rejects when a message did not arrive, or something else did. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#talking
    for (const client of this.#clients) await client.close()
  }

  async #talk(): Promise<void> {
    while (!this.#stopped) {
      const turn = this.exchanged % 2
      const [speaker, listener] = turn === 0 ? this.#clients : [this.#clients[1], this.#clients[0]]
      const clientMsgId = `p${this.exchanged}`
      const sent = performance.now()
      speaker.send({ type: 'SINGLE_CHAT', clientMsgId, to: this.#users[1 - turn], body: clientMsgId })
      const { serverMsgId } = await listener.next({ type: 'SINGLE_CHAT', body: clientMsgId })
      listener.send({ type: 'ACK', ackType: 'delivered', serverMsgId })
      await speaker.next({ type: 'ACK', ackType: 'saved', clientMsgId })
      await speaker.next({ type: 'ACK', ackType: 'delivered', serverMsgId })
      this.slowestMs = Math.max(this.slowestMs, performance.now() - sent)
      this.exchanged++
      for (const { frames } of this.#clients) frames.length = 0
    }
  }
}
