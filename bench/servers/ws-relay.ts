import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

/**
 * The least that a message can cost over WebSockets in Node: one process that passes frames on and answers, with
 * nothing stored, nobody authenticated and nothing bundled.
 */
const users = new Map<string, WebSocket>()
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })

server.on('connection', socket => {
  socket.on('message', data => {
    const frame = data.toString()
    if (frame.startsWith('a ')) {
      users.set(frame.slice(2), socket)
      socket.send('a')
      return
    }
    const [, n = '', to = ''] = frame.split(' ', 3)
    users.get(to)?.send(frame)
    socket.send(`d ${n}`)
  })
})
server.on('listening', () => {
  process.stdout.write(`serves http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
