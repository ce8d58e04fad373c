import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { expect } from 'chai'
import type { NatsConnection as Client } from 'nats'
import { readInTurns, WriteBundles } from '../../../messaging/nats-socket.ts'

describe('what a process says to NATS', () => {
  let server: Server
  let socket: Socket
  let received: Socket

  beforeEach(async () => {
    server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const accepted = once(server, 'connection')
    socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', noDelay: true })
    received = (await accepted)[0] as Socket
  })
  afterEach(() => {
    socket.destroy()
    server.close()
  })

  const bundles = (pauseMs: number) =>
    new WriteBundles({ protocol: { transport: { socket } } } as unknown as Client, pauseMs)
  const nextChunk = async () => String((await once(received, 'data'))[0])

  it('leaves at the end of the turn, in one write', async () => {
    const writes = bundles(0)
    const chunk = nextChunk()
    writes.open()
    socket.write('a')
    await Promise.resolve()
    writes.open()
    socket.write('b')
    expect(socket.writableCorked).to.equal(1)
    expect(await chunk).to.equal('ab')
    expect(socket.writableCorked).to.equal(0)
  })

  it('waits for what comes soon after the write before', async () => {
    const writes = bundles(100)
    const first = nextChunk()
    writes.open()
    socket.write('a')
    expect(await first).to.equal('a')
    const second = nextChunk()
    for (const text of ['b', 'c', 'd']) {
      writes.open()
      socket.write(text)
      await turnOfTheLoop()
    }
    expect(await second).to.equal('bcd')
  })
})

describe('what a process hears from NATS', () => {
  it('is handled one read a turn of the event loop where it is much, and all of it', async () => {
    const server = createServer(socket => socket.end(Buffer.alloc(4_000_000))).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    readInTurns(socket)
    let bytes = 0
    let turns = 0
    let readsInTurn = 0
    let most = 0
    const count = () => {
      turns++
      readsInTurn = 0
      if (!socket.destroyed) setImmediate(count)
    }
    setImmediate(count)
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (chunk.length === 65_536) most = Math.max(most, ++readsInTurn)
    })
    await once(socket, 'close')
    server.close()
    expect(bytes).to.equal(4_000_000)
    expect(most).to.equal(1)
    expect(turns).to.be.greaterThan(10)
  })
})
