import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { expect } from 'chai'
import { TcpProxy } from '../../../tools/drill/tcp-proxy.ts'

describe('a link of a drill', () => {
  let echo: Server
  let link: TcpProxy

  beforeEach(async () => {
    echo = createServer(socket => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1')
    await once(echo, 'listening')
    link = await TcpProxy.listen({ host: '127.0.0.1', port: (echo.address() as AddressInfo).port })
  })
  afterEach(() => {
    link.close()
    echo.close()
  })

  const open = async () => {
    const socket = connect(link.port, '127.0.0.1').on('error', () => undefined)
    await once(socket, 'connect')
    let text = ''
    socket.on('data', chunk => {
      text += chunk
    })
    return { socket, read: () => text }
  }

  it('carries everything both ways while it is up, and in order when it is slow', async () => {
    const { socket, read } = await open()
    link.set({ kind: 'slow', delayMs: 20 })
    for (const part of ['a', 'b', 'c']) socket.write(part)
    while (read() !== 'abc') await once(socket, 'data')
    socket.destroy()
  })

  it('says nothing while it is down, and what was held comes when it is up again', async () => {
    const { socket, read } = await open()
    link.set({ kind: 'down' })
    socket.write('held')
    const other = await open()
    other.socket.write('also held')
    expect(read() + other.read()).to.equal('')
    link.set({ kind: 'up' })
    while (read() !== 'held') await once(socket, 'data')
    while (other.read() !== 'also held') await once(other.socket, 'data')
    socket.destroy()
    other.socket.destroy()
  })

  it('breaks connections off when it is reset', async () => {
    const { socket } = await open()
    socket.write('x')
    await once(socket, 'data')
    const closed = new Promise(resolve => socket.once('close', resolve))
    link.reset()
    await closed
  })
})
