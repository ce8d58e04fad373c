import { expect } from 'chai'
import { connect, type Msg, type NatsConnection } from 'nats'
import { rawHeaders } from '../../../messaging/nats-bytes.ts'
import { NatsOutput } from '../../../messaging/nats-output.ts'
import { NatsServers, natsOrSkip } from '../../support/nats-server.ts'

describe('a message to NATS', function () {
  this.timeout(30_000)
  let servers: NatsServers
  let client: NatsConnection

  before(async function () {
    servers = await NatsServers.start(await natsOrSkip(this), 1)
    client = await connect({ servers: [...servers.urls], user: 'host', pass: 'secret' })
  })
  after(async () => {
    await client?.close()
    await servers?.stop()
  })

  /** What arrives of a message that is said by `say`. */
  async function arriving(say: () => void): Promise<Msg> {
    const subscription = client.subscribe('heard', { max: 1 })
    await client.flush()
    say()
    for await (const msg of subscription) return msg
    throw new Error('nothing was heard')
  }

  /** The client as it is, and as another version may be. */
  const outputs: readonly [string, () => NatsOutput][] = [
    ['put together here', () => new NatsOutput(client, 0)],
    ['put together by the client', () => new NatsOutput(withoutInner(client), 0)],
  ]

  for (const [how, make] of outputs) {
    it(`arrives as it was said, ${how}`, async () => {
      const text = 'ü 漢字 😀 "quoted"\r\nPUB heard 1\r\nx'
      const plain = await arriving(() => make().publish('heard', text))
      expect([plain.string(), plain.reply ?? '', plain.headers]).to.deep.equal([text, '', undefined])
      const headers = rawHeaders([
        ['Nats-Msg-Id', 'alice:m1'],
        ['Other', 7],
      ])
      const full = await arriving(() => make().publish('heard', text, { reply: 'answer.here', headers }))
      expect([full.string(), full.reply]).to.deep.equal([text, 'answer.here'])
      expect(full.headers?.get('Nats-Msg-Id')).to.equal('alice:m1')
      expect(full.headers?.get('Other')).to.equal('7')
      const empty = await arriving(() => make().publish('heard', ''))
      expect(empty.data).to.have.length(0)
    })

    it(`is refused when the server would not take it, ${how}`, async () => {
      const large = 'x'.repeat((client.info?.max_payload ?? 0) + 1)
      expect(() => make().publish('heard', large)).to.throw('MAX_PAYLOAD_EXCEEDED')
      expect((await arriving(() => make().publish('heard', 'small'))).string()).to.equal('small')
    })
  }
})

function withoutInner(client: NatsConnection): NatsConnection {
  return {
    info: client.info,
    publish: (...message: Parameters<NatsConnection['publish']>) => client.publish(...message),
  } as unknown as NatsConnection
}
