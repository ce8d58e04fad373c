import { expect } from 'chai'
import type { Bus, BusMessage, BusState } from '../../messaging/bus.ts'
import { RequestTimeout } from '../../messaging/bus.ts'
import { MemoryBus } from '../../messaging/memory-bus.ts'
import { NatsBus } from '../../messaging/nats-bus.ts'
import { connectNats, type NatsConnection } from '../../messaging/nats-connection.ts'
import { makeLogger } from '../../runtime/logger.ts'
import { eventually } from '../support/eventually.ts'
import { NatsServers, natsOrSkip } from '../support/nats-server.ts'
import { busContract } from './bus.ts'

const logger = makeLogger('silent', 'test')

const memory = new MemoryBus()
busContract('memory', () => Promise.resolve(memory))

for (const count of [1, 3] as const) {
  describe(`NATS, ${count} node${count > 1 ? 's' : ''}`, function () {
    this.timeout(30_000)
    let servers: NatsServers
    let connections: NatsConnection[] = []

    before(async function () {
      servers = await NatsServers.start(await natsOrSkip(this), count)
    })
    afterEach(async () => {
      await Promise.all(connections.map(connection => connection.close()))
      connections = []
    })
    after(() => servers?.stop())

    async function make(): Promise<Bus> {
      const options = { servers: servers.urls, user: 'host', password: 'secret', name: 'test' }
      const connection = await connectNats(options, logger)
      connections.push(connection)
      return new NatsBus(connection, logger)
    }

    busContract(`NATS, ${count}`, make)
    if (count === 1) {
      lostConnection(make, () => servers)
      firstConnection(() => servers)
    }
  })
}

function lostConnection(make: () => Promise<Bus>, servers: () => NatsServers): void {
  describe('while the server is away', () => {
    const node = () => servers().nodes[0] ?? expect.fail('no server')

    async function lose(bus: Bus): Promise<BusState[]> {
      const states: BusState[] = []
      bus.onState(state => states.push(state))
      await node().kill()
      await eventually(() => expect(states).to.deep.equal(['disconnected']))
      return states
    }

    async function bringBack(states: BusState[]): Promise<void> {
      await node().start()
      await eventually(() => expect(states).to.deep.equal(['disconnected', 'connected']))
    }

    it('drops what is published, delivers what comes after, and says both states', async () => {
      const bus = await make()
      const received: BusMessage[] = []
      bus.subscribe('actor-event.user.bob', message => received.push(message))
      await bus.flush()
      const states = await lose(bus)
      for (let n = 0; n < 1_000; n += 1) bus.publish('actor-event.user.bob', 'stale')
      await bringBack(states)
      await bus.flush()
      bus.publish('actor-event.user.bob', 'fresh')
      await eventually(() => expect(received.map(message => message.value)).to.deep.equal(['fresh']))
    })

    it('does not answer what came before on the connection after: the server would not let it', async () => {
      const [host, caller, listener] = [await make(), await make(), await make()]
      const held: ((answer: unknown) => void)[] = []
      const answers: unknown[] = []
      host.subscribe('held', ({ respond }) => respond && held.push(respond))
      listener.subscribe('_INBOX_host.>', ({ value }) => answers.push(value))
      await Promise.all([host.flush(), listener.flush()])
      const lost = caller.request('held', {}, 20_000).catch(error => error)
      await eventually(() => expect(held).to.have.length(1))
      await bringBack(await lose(host))
      await Promise.all([host, caller, listener].map(bus => bus.flush()))
      const found = caller.request('held', {}, 20_000)
      await eventually(() => expect(held).to.have.length(2))
      held[0]?.('late')
      held[1]?.('in time')
      expect(await found).to.equal('in time')
      await host.flush()
      await eventually(() => expect(answers).to.include('in time'))
      expect(answers).not.to.include('late')
      lost.catch(() => undefined)
    })

    it('ends requests with RequestTimeout when their time is over, not before', async () => {
      const bus = await make()
      bus.subscribe('actor.user.bob', () => {})
      await bus.flush()
      const underWay = bus.request('actor.user.bob', 1, 800).catch(error => error)
      const states = await lose(bus)
      const started = performance.now()
      const during = await bus.request('actor.user.bob', 1, 100).catch(error => error)
      expect(during).to.be.instanceOf(RequestTimeout)
      expect(performance.now() - started).to.be.at.least(95)
      expect(await underWay).to.be.instanceOf(RequestTimeout)
      await bringBack(states)
    })

    it('notices a frozen server within four seconds and is back when the server is', async () => {
      const bus = await make()
      const states: BusState[] = []
      bus.onState(state => states.push(state))
      // More than the sockets hold, so that the client has bytes to write that the server never takes.
      await node().pause()
      for (let n = 0; n < 20; n += 1) bus.publish('actor-event.user.bob', 'x'.repeat(1_000_000))
      await eventually(() => expect(states).to.deep.equal(['disconnected']), 4_500)
      node().resume()
      await eventually(() => expect(states).to.deep.equal(['disconnected', 'connected']))
    })
  })
}

function firstConnection(servers: () => NatsServers): void {
  describe('the first connection', () => {
    const [user, name] = ['host', 'test']
    const node = () => servers().nodes[0] ?? expect.fail('no server')

    it('waits for a server that is starting', async () => {
      await node().kill()
      const connecting = connectNats({ servers: servers().urls, user, password: 'secret', name }, logger)
      await node().start()
      await (await connecting).close()
    })

    it('fails when no server answers in time, and at once when the password is wrong', async () => {
      const wrong = await connectNats({ servers: servers().urls, user, password: 'no', name }, logger).catch(
        error => error,
      )
      expect(wrong).to.have.property('code', 'AUTHORIZATION_VIOLATION')
      const nobody = { servers: ['nats://127.0.0.1:1'], name, connectTimeoutMs: 100 }
      expect(await connectNats(nobody, logger).catch(error => error)).to.have.property('code')
    })
  })
}
