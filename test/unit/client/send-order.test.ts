import { expect } from 'chai'
import fc from 'fast-check'
import { HomingClient } from '../../../client/index.ts'
import { SendQueue } from '../../../client/send-queue.ts'
import { protocolNames } from '../../../client/wire-protocol.ts'
import { type Fate, ScriptedServer } from './scripted-server.ts'
import { hasty } from './support.ts'

const unpaced = { framesPerSecond: Infinity, framesBurst: Infinity, messagesPerSecond: Infinity }
const conversations = ['bob', 'carol', 'dave']
const fates: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Fate>('save') },
  { weight: 2, arbitrary: fc.constant<Fate>('accept') },
  { weight: 3, arbitrary: fc.constantFrom<Fate>('server_busy', 'internal_error', 'too_many_requests') },
  { weight: 1, arbitrary: fc.constantFrom<Fate>('cut-before', 'cut-after') },
)

describe('the order of sends', () => {
  for (const protocol of protocolNames)
    it(`is the order of acceptance in each conversation over ${protocol}, whatever is refused, cut or answered late`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom(...conversations), { minLength: 1, maxLength: 60 }),
          fc.array(fates, { maxLength: 80 }),
          fc.integer({ min: 1, max: 50 }),
          async (recipients, script, messagesBurst) => {
            const server = await ScriptedServer.start()
            const remaining = [...script]
            server.fate = () => remaining.shift() ?? 'save'
            const client = new HomingClient({
              url: server.url,
              token: 'good',
              protocol,
              ...hasty,
              pacing: { ...unpaced, messagesBurst },
            })
            await client.connect()
            const sends = recipients.map((to, i) => client.send({ to, body: String(i) }))
            await Promise.all(sends.map(sent => sent.accepted))
            server.fate = () => 'save' // the repeats after one more cut save what is only accepted
            for (const connection of server.connections) connection.socket.terminate()
            await Promise.all(sends.map(sent => sent.saved))
            client.close()
            await server.stop()
            for (const conversation of conversations) {
              const expected = recipients.flatMap((to, i) => (to === conversation ? [String(i)] : []))
              const accepted = server.log.filter(message => message.conversation === conversation)
              expect(accepted.map(message => message.body)).to.deep.equal(expected)
            }
          },
        ),
        { numRuns: 40 },
      )
    })

  /** The same without sockets: thousands of histories of one queue against a server that keeps its gates. */
  it('holds for every history of a queue', () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ do: fc.constant('send' as const), to: fc.constantFrom(...conversations) }),
      },
      { weight: 6, arbitrary: fc.record({ do: fc.constant('transmit' as const) }) },
      { weight: 6, arbitrary: fc.record({ do: fc.constant('answer' as const), fate: fates }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 12 }), (steps, window) => {
        const model = new Model(window)
        for (const each of steps) {
          if (each.do === 'send') model.send(each.to)
          else if (each.do === 'transmit') model.transmit()
          else if (each.do === 'answer') model.answer(each.fate)
          else model.cut()
        }
        model.finish()
        expect(model.accepted).to.deep.equal(model.sent)
        expect(model.queue.size).to.equal(0)
      }),
      { numRuns: 2000 },
    )
  })
})

/** A queue, the wire and a server in one: `answer` lets the server handle the oldest frame on the wire. */
class Model {
  readonly queue: SendQueue
  readonly sent: Record<string, string[]> = { bob: [], carol: [], dave: [] }
  readonly accepted: Record<string, string[]> = { bob: [], carol: [], dave: [] }
  #wire: { to: string; clientMsgId: string }[] = []
  readonly #gates = new Map<string, string>()
  #now = 0
  #count = 0

  constructor(window: number) {
    this.queue = new SendQueue({ window, backoff: { baseMs: 10, factor: 2, capMs: 40 }, random: () => 0.5 })
  }

  send(to: string): void {
    this.#count += 1
    const clientMsgId = String(this.#count)
    this.sent[to]?.push(clientMsgId)
    this.queue.add({ to, clientMsgId, body: '' }, true)
  }

  transmit(): void {
    this.#now += 1
    const message = this.queue.take(this.#now)
    if (message) this.#wire.push({ to: message.to ?? '', clientMsgId: message.clientMsgId })
  }

  answer(fate: Fate): void {
    const frame = this.#wire.shift()
    if (!frame) return
    const { to, clientMsgId } = frame
    const gate = this.#gates.get(to)
    if (gate === clientMsgId) this.#gates.delete(to)
    if (this.#gates.has(to)) this.queue.putBack(clientMsgId, this.#now)
    else if (fate === 'save' || fate === 'accept') this.#accept(to, clientMsgId, fate)
    else if (fate === 'cut-after') this.#append(to, clientMsgId)
    else if (fate !== 'cut-before') this.#refuse(to, clientMsgId)
    if (fate === 'cut-after' || fate === 'cut-before') this.cut()
  }

  cut(): void {
    this.#wire = []
    this.#gates.clear()
    this.queue.restart()
  }

  /** Everything goes well from here on. */
  finish(): void {
    this.cut()
    for (let i = 0; i < 10_000 && this.queue.size > 0; i += 1) {
      this.transmit()
      this.answer('save')
    }
  }

  #accept(to: string, clientMsgId: string, fate: Fate): void {
    this.#append(to, clientMsgId)
    this.queue.accepted({ clientMsgId, serverMsgId: '1', ts: 1 }, this.#now)
    if (fate === 'save') this.queue.finish(clientMsgId, this.#now)
  }

  #append(to: string, clientMsgId: string): void {
    if (!this.accepted[to]?.includes(clientMsgId)) this.accepted[to]?.push(clientMsgId)
  }

  #refuse(to: string, clientMsgId: string): void {
    this.#gates.set(to, clientMsgId)
    this.queue.putBack(clientMsgId, this.#now)
  }
}
