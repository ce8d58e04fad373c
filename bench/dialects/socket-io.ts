import type { Dialect } from './dialect.ts'

const ACKNOWLEDGED = /^43(\d+)\[/
const NUMBER = /"id":"(\d+)"/

/**
 * Socket.IO’s own frames over its WebSocket transport: `4` message of Engine.IO, then `0` connect, `2` event, `3`
 * acknowledgement of Socket.IO. Done when the server’s callback has come: after the row is committed.
 */
export const socketIoDialect = (sign: (user: string) => string): Dialect => ({
  path: '/socket.io/?EIO=4&transport=websocket',
  hello: user => `40${JSON.stringify({ token: sign(user) })}`,
  isWelcome: frame => frame.startsWith('40'),
  message: (n, to, body) => `42${n}["send",{"id":"${n}","to":"${to}","body":"${body}"}]`,
  done: frame => {
    const n = ACKNOWLEDGED.exec(frame)?.[1]
    return n === undefined ? undefined : Number(n)
  },
  received: frame =>
    frame.startsWith('42["message"') ? { n: Number(NUMBER.exec(frame)?.[1]), seq: '' } : undefined,
  reply: frame => (frame === '2' ? '3' : undefined),
})
