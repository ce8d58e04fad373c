import { join } from 'node:path'
import { expect } from 'chai'
import { connect, type NatsConnection, StringCodec } from 'nats'
import { Child } from '../../../tools/cluster/child.ts'
import { type NatsUser, natsCredentials, natsSpecs, natsUrls } from '../../../tools/cluster/nats.ts'
import { PortPicker } from '../../../tools/cluster/ports.ts'
import { loadSecrets, type Secrets } from '../../../tools/cluster/secrets.ts'
import { natsOrSkip } from '../../support/nats-server.ts'
import { useTemporaryFolder } from './temporary-folder.ts'

const codec = StringCodec()

describe('the shipped NATS configuration', () => {
  const folder = useTemporaryFolder()
  let server: Child
  let secrets: Secrets
  let urls: string[]
  const connections: NatsConnection[] = []

  beforeEach(async function () {
    const executable = await natsOrSkip(this)
    secrets = loadSecrets(folder.path)
    const servers = [await new PortPicker().pick('client', 'http', 'route')]
    urls = natsUrls(servers)
    const [spec] = natsSpecs({ dataDir: folder.path, executable, secrets, servers })
    if (!spec) throw new Error('no server planned')
    const watcher = { started: () => undefined, ended: () => undefined }
    server = new Child(spec, join(folder.path, 'nats-1.log'), watcher)
    await server.start()
    await makeLog()
  })

  afterEach(async () => {
    for (const connection of connections.splice(0)) await connection.close()
    await server?.stop()
  })

  async function connectAs(user: NatsUser): Promise<NatsConnection> {
    const credentials = natsCredentials(secrets, user)
    const connection = await connect({
      servers: urls,
      user: credentials.user,
      pass: credentials.password,
      inboxPrefix: `_INBOX_${user}`,
      reconnect: false,
    })
    connections.push(connection)
    return connection
  }

  /** The stream as a saver makes it. */
  async function makeLog(): Promise<void> {
    const manager = await (await connectAs('saver')).jetstreamManager()
    await manager.streams.add({
      name: 'IM',
      subjects: ['im.>'],
      allow_direct: true,
      republish: { src: 'im.>', dest: 'live.>' },
    })
  }

  /** Whether the server refuses what `act` does. */
  async function isRefused(connection: NatsConnection, act: () => void): Promise<boolean> {
    const refused = Promise.withResolvers<boolean>()
    const reading = async () => {
      for await (const status of connection.status()) {
        if (status.data === 'PERMISSIONS_VIOLATION') refused.resolve(true)
      }
    }
    void reading()
    act()
    // A refusal comes before the answer to the first ping, so by the second it has been read.
    const answered = connection.flush().then(() => connection.flush())
    return Promise.race([refused.promise, answered.then(() => false)])
  }

  it('lets a host append to the log, and sends it the republished copy', async () => {
    const host = await connectAs('host')
    const live = host.subscribe('live.direct.u2', { max: 1 })
    await host.flush()
    const ack = JSON.parse(codec.decode((await host.request('im.direct.u2', codec.encode('hello'))).data))
    expect(ack).to.include({ stream: 'IM', seq: 1 })
    for await (const message of live) {
      expect(codec.decode(message.data)).to.equal('hello')
      expect(message.headers?.get('Nats-Sequence')).to.equal('1')
    }
  })

  it('lets a host tell audit events, and a saver read and purge them', async () => {
    const host = await connectAs('host')
    await host.request('im.event', codec.encode('login'))
    const saver = await connectAs('saver')
    const get = JSON.stringify({ seq: 1, next_by_subj: 'im.event' })
    const answer = await saver.request('$JS.API.DIRECT.GET.IM', codec.encode(get))
    expect(codec.decode(answer.data)).to.equal('login')
    const purge = JSON.stringify({ filter: 'im.event', seq: 2 })
    const purged = await saver.request('$JS.API.STREAM.PURGE.IM', codec.encode(purge))
    expect(JSON.parse(codec.decode(purged.data))).to.include({ purged: 1 })
  })

  it('lets a host read the log', async () => {
    const host = await connectAs('host')
    await host.request('im.direct.u2', codec.encode('hello'))
    const get = JSON.stringify({ last_by_subj: 'im.direct.u2' })
    const answer = await host.request('$JS.API.DIRECT.GET.IM', codec.encode(get))
    expect(codec.decode(answer.data)).to.equal('hello')
    const fromLeader = await host.request('$JS.API.STREAM.MSG.GET.IM', codec.encode(get))
    expect(codec.decode(fromLeader.data)).to.include('"seq":1')
  })

  it('does not let a host change the stream', async () => {
    const host = await connectAs('host')
    expect(await isRefused(host, () => host.publish('$JS.API.STREAM.PURGE.IM'))).to.equal(true)
  })

  for (const subject of [
    'im.direct.u2',
    'im.owner.u1',
    'im.event',
    'live.direct.u2',
    '$JS.API.DIRECT.GET.IM',
    'watermark',
  ]) {
    it(`does not let a gateway publish ${subject}`, async () => {
      const gateway = await connectAs('gateway')
      expect(await isRefused(gateway, () => gateway.publish(subject))).to.equal(true)
    })
  }

  for (const subject of ['im.>', 'live.>', '>', '_INBOX_host.>', 'actor.>']) {
    it(`does not let a gateway subscribe ${subject}`, async () => {
      const gateway = await connectAs('gateway')
      expect(await isRefused(gateway, () => void gateway.subscribe(subject))).to.equal(true)
    })
  }

  for (const subject of ['im.direct.u2', 'im.event', 'live.direct.u2']) {
    it(`does not let a saver publish ${subject}`, async () => {
      const saver = await connectAs('saver')
      expect(await isRefused(saver, () => saver.publish(subject))).to.equal(true)
    })
  }

  it('lets a gateway publish what it may', async () => {
    const gateway = await connectAs('gateway')
    for (const subject of ['actor.user.u1', 'gateway.g1.push', 'host.h1.alive', 'sync.u1']) {
      expect(await isRefused(gateway, () => gateway.publish(subject))).to.equal(false)
    }
  })

  it('does not let a host forge the republished copies or the watermark', async () => {
    for (const subject of ['live.direct.u2', 'watermark']) {
      const host = await connectAs('host')
      expect(await isRefused(host, () => host.publish(subject))).to.equal(true)
    }
  })

  it('carries a gateway’s call to a host and the answer back, and a host’s to a gateway', async () => {
    const gateway = await connectAs('gateway')
    const host = await connectAs('host')
    for (const [asker, answerer, subject] of [
      [gateway, host, 'actor.user.u1'],
      [gateway, host, 'host.h1.alive'],
      [host, gateway, 'gateway.g1.alive'],
    ] as const) {
      answerer.subscribe(subject, {
        max: 1,
        callback: (_error, message) => void message.respond(message.data),
      })
      await answerer.flush()
      const answer = await asker.request(subject, codec.encode(subject))
      expect(codec.decode(answer.data)).to.equal(subject)
    }
  })

  it('says at once that nobody answers', async () => {
    const gateway = await connectAs('gateway')
    const failure = await gateway.request('actor.user.nobody').catch(error => error.code)
    expect(failure).to.equal('503')
  })

  it('lets the saver read the whole log and spread the watermark', async () => {
    const host = await connectAs('host')
    for (let i = 0; i < 3; i++) await host.request('im.direct.u2', codec.encode(`${i}`))
    const saver = await connectAs('saver')
    const gateway = await connectAs('gateway')
    const watermark = gateway.subscribe('watermark', { max: 1 })
    await gateway.flush()
    const consumer = await saver.jetstream().consumers.get('IM')
    const messages = await consumer.fetch({ max_messages: 3, expires: 2_000 })
    const read: number[] = []
    for await (const message of messages) read.push(message.seq)
    expect(read).to.deep.equal([1, 2, 3])
    saver.publish('watermark', codec.encode('3'))
    for await (const message of watermark) expect(codec.decode(message.data)).to.equal('3')
  })

  it('lets a host tell the savers that the log went back', async () => {
    const saver = await connectAs('saver')
    const notices = saver.subscribe('log.went-back', { max: 1 })
    await saver.flush()
    const host = await connectAs('host')
    host.publish('log.went-back', codec.encode('7'))
    for await (const message of notices) expect(codec.decode(message.data)).to.equal('7')
  })

  it('takes nobody without a password', async () => {
    const failure = await connect({ servers: urls, reconnect: false }).catch(error => error.code)
    expect(failure).to.equal('AUTHORIZATION_VIOLATION')
  })
})
