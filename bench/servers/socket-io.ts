import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdapter } from '@socket.io/redis-adapter'
import { Redis } from 'ioredis'
import { jwtVerify } from 'jose'
import { createPool, type ResultSetHeader } from 'mysql2/promise'
import { Server } from 'socket.io'

/**
 * What a user would write instead: Socket.IO with its Redis adapter, so that any number of processes serve, and a
 * row for each message before it is acknowledged. A message to somebody who is away is in the table and no further.
 */
interface Message {
  readonly id: string
  readonly to: string
  readonly body: string
}

const { DATABASE_URL = '', REDIS_URL = '', JWT_SECRET = '' } = process.env
const CONNECTIONS = 16

const secret = new TextEncoder().encode(JWT_SECRET)
const database = createPool({ uri: DATABASE_URL, connectionLimit: CONNECTIONS })
const publisher = new Redis(REDIS_URL)
const http = createServer()
const io = new Server(http, {
  transports: ['websocket'],
  adapter: createAdapter(publisher, publisher.duplicate()),
})

io.use(async (socket, next) => {
  try {
    const { payload } = await jwtVerify(String(socket.handshake.auth.token), secret)
    socket.data.user = payload.uid
    next()
  } catch {
    next(new Error('unauthorized'))
  }
})

io.on('connection', socket => {
  const from = String(socket.data.user)
  void socket.join(`user:${from}`)
  socket.on('send', async ({ id, to, body }: Message, answer: (ack: object) => void) => {
    const ts = Date.now()
    const [{ insertId }] = await database.execute<ResultSetHeader>(
      'insert into socket_io_message (sender, client_id, recipient, body, ts) values (?, ?, ?, ?, ?)',
      [from, id, to, body, ts],
    )
    io.to(`user:${to}`).emit('message', { id, seq: insertId, from, body, ts })
    answer({ id, seq: insertId, ts })
  })
})

await database.query(`create table if not exists socket_io_message (
  seq bigint unsigned not null auto_increment primary key,
  sender varchar(64) not null,
  client_id varchar(128) not null,
  recipient varchar(64) not null,
  body text not null,
  ts bigint not null,
  unique (sender, client_id),
  key (recipient, seq)
) character set utf8mb4 collate utf8mb4_bin`)

http.listen(0, '127.0.0.1', () => {
  process.stdout.write(`serves http://127.0.0.1:${(http.address() as AddressInfo).port}\n`)
})
