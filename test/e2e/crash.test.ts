import { expect } from 'chai'
import { WebSocket } from 'ws'
import { HomingClient, type Message, type ProtocolName } from '../../client/index.ts'
import { directConversation } from '../../protocol/ids.ts'
import { Random } from '../../tools/random.ts'
import { api } from '../support/api.ts'
import { Standalone } from '../support/standalone.ts'
import { newUser, signToken } from '../support/target.ts'
import { until } from '../support/until.ts'

const SEED = Number(process.env.SEED ?? 6)
const SENDERS = 5
const RECEIVERS = 4
const ALL_WITHIN_MS = 90_000

for (const [protocol, messages, kills] of [
  ['json', 10_000, 5],
  ['msgpack', 4000, 3],
] as const)
  describe(`kill -9 of the server, ${kills} times in ${messages} sends over ${protocol} (SEED=${SEED})`, function () {
    this.timeout(ALL_WITHIN_MS + 20_000)
    crashSuite(protocol, messages, kills)
  })

function crashSuite(protocol: ProtocolName, messages: number, kills: number): void {
  const each = messages / SENDERS / RECEIVERS
  let server: Standalone
  const clients: HomingClient[] = []

  before(async () => {
    server = await Standalone.start({
      FRAMES_PER_SECOND: '100000',
      FRAMES_BURST: '100000',
      MESSAGES_PER_SECOND: '100000',
      MESSAGES_BURST: '100000',
    })
  })
  after(async () => {
    for (const client of clients) client.close()
    await server.stop()
  })

  const start = async (user: string) => {
    const client = new HomingClient({
      url: server.url,
      token: await signToken(server, user),
      protocol,
      webSocket: WebSocket,
      pacing: { framesPerSecond: 10_000, framesBurst: 10_000, messagesPerSecond: 10_000, messagesBurst: 100 },
    })
    clients.push(client)
    return client
  }

  it('every message arrives exactly once, and in order in its conversation', async () => {
    const senders = Array.from({ length: SENDERS }, () => newUser('sender'))
    const receivers = Array.from({ length: RECEIVERS }, () => newUser('receiver'))
    const received: Message[] = []
    for (const user of receivers) {
      const client = await start(user)
      client.on('message', message => received.push(message))
      await client.connect()
    }
    let saved = 0
    const outboxes = await Promise.all(senders.map(start))
    for (const client of outboxes) {
      client.on('saved', () => saved++)
      await client.connect()
      for (let index = 0; index < each; index++)
        for (const to of receivers) client.send({ to, body: String(index) })
    }

    let killed = 0
    for (const moment of moments(new Random(SEED), messages, kills)) {
      await until(() => saved >= moment, `only ${saved} are saved`, ALL_WITHIN_MS)
      await server.end('SIGKILL')
      expect(
        outboxes.reduce((sum, client) => sum + client.unsaved, 0),
        'something is under way',
      ).to.be.above(0)
      killed++
      await server.restart()
    }
    expect(killed).to.equal(kills)
    await until(() => received.length >= messages, 'not all have arrived', ALL_WITHIN_MS)
    await until(() => outboxes.every(client => client.unsaved === 0), 'not all are known to be saved')

    const inOrder = Array.from({ length: each }, (_, index) => String(index))
    for (const from of senders) {
      for (const to of receivers) {
        const arrived = received.filter(message => message.from === from && message.to === to)
        expect(arrived.map(({ body }) => body)).to.deep.equal(inOrder)
        const seqs = arrived.map(({ serverMsgId }) => Number(serverMsgId))
        expect(seqs).to.deep.equal(seqs.toSorted((x, y) => x - y))
        expect(await stored(from, to), 'the database has each once').to.equal(each)
      }
    }
    expect(received).to.have.length(messages)
  })

  const stored = async (from: string, to: string) => {
    const path = `/api/chat/messages/session/${directConversation(from, to)}/page?size=1`
    const { body } = await api(server.url, path, { token: await signToken(server, from) })
    return (body.data as { total: number }).total
  }
}

/** How many messages are saved when the server is killed, each time. */
function moments(random: Random, messages: number, kills: number): number[] {
  const part = messages / (kills + 1)
  return Array.from({ length: kills }, (_, kill) => Math.floor((kill + random.next()) * part) + 1)
}
