import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { expect } from 'chai'
import { WebSocketServer, WebSocket as WsSocket } from 'ws'
import { FrameQueue } from '../../../gateway/connection/frame-queue.ts'
import { WebSocket } from '../../../gateway/sockets/web-socket.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { until } from '../../support/until.ts'

const LIMITS = { frames: 100, bytes: 1_048_576, writeMs: 10_000 }

/** On a real WebSocket, whose peer the test lets read or not. */
describe('a queue of frames', () => {
  let server: Server
  let sockets: WebSocketServer
  let peer: WsSocket
  let socket: WebSocket
  let read = 0
  let overflows = 0
  let queue: FrameQueue

  before(async () => {
    sockets = new WebSocketServer({ noServer: true })
    server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  after(() => server.close())

  beforeEach(async () => {
    ;[read, overflows] = [0, 0]
    const made = new Promise<WebSocket>(resolve => {
      server.once('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) =>
        sockets.handleUpgrade(request, stream, head, ws =>
          resolve(new WebSocket(ws, stream, { text: 1, binary: 1 }, makeLogger('silent', 'test'))),
        ),
      )
    })
    peer = new WsSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
    peer.on('message', () => read++)
    socket = await made
    queue = new FrameQueue(socket, LIMITS, () => overflows++)
    await once(peer, 'open')
  })
  afterEach(() => {
    peer.terminate()
    socket.terminate()
  })

  /** Sends so many bytes at a time until the queue is full or `count` is reached; between them the system may take some. */
  const fill = async (bytes: number, count: number) => {
    let sent = 0
    for (; sent < count && overflows === 0; sent++) {
      queue.send(Buffer.alloc(bytes))
      if (sent % 10 === 9) await new Promise(resolve => setImmediate(resolve))
    }
    return sent
  }

  it('takes any number of frames while they are read, in one turn or many', async () => {
    for (let frame = 0; frame < 1000; frame++) queue.send(Buffer.alloc(50))
    await until(() => read === 1000, 'not all came')
    await fill(50, 5000)
    await until(() => read === 6000, 'not all came')
    expect(overflows).to.equal(0)
    expect(queue.isTooSlow(Date.now() + LIMITS.writeMs)).to.equal(false)
  })

  it('is full with a hundred frames that nobody reads', async () => {
    peer.pause()
    while (socket.bufferedAmount === 0) await fill(65_000, 10)
    const before = socket.bufferedAmount
    for (let frame = 0; frame < 200; frame++) queue.send(Buffer.alloc(10))
    expect(overflows).to.be.above(0)
    expect(socket.bufferedAmount - before).to.be.below(100 * 20)
  })

  it('is full with a mebibyte beside the largest frame', async () => {
    peer.pause()
    await fill(30_000, 10_000)
    expect(overflows).to.equal(1)
    expect(socket.bufferedAmount).to.be.within(LIMITS.bytes / 2, LIMITS.bytes + 40_000)
    peer.resume()
    await until(() => socket.bufferedAmount === 0, 'it is never read')
    queue.send(Buffer.alloc(LIMITS.bytes + 500))
    expect(overflows).to.equal(1)
  })

  it('has room for one frame as large as that while others wait, and not for two', async () => {
    peer.pause()
    while (socket.bufferedAmount === 0) await fill(65_000, 10)
    queue.send(Buffer.alloc(LIMITS.bytes))
    expect(overflows).to.equal(0)
    queue.send(Buffer.alloc(LIMITS.bytes))
    expect(overflows).to.equal(1)
  })

  it('is too slow when frames wait and none leaves in time', async () => {
    peer.pause()
    await fill(30_000, 10_000)
    const now = Date.now()
    expect(queue.isTooSlow(now)).to.equal(false)
    expect(queue.isTooSlow(now + LIMITS.writeMs)).to.equal(true)
    peer.resume()
    await until(() => !queue.isTooSlow(now + 2 * LIMITS.writeMs), 'it stays slow')
  })

  it('says of each frame once when it has left', async () => {
    const left: number[] = []
    for (let frame = 0; frame < 300; frame++) queue.send(Buffer.alloc(10), () => left.push(frame))
    await until(() => left.length === 300, 'not all have left')
    expect(left).to.deep.equal(Array.from({ length: 300 }, (_, frame) => frame))
  })
})
