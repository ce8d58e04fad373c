import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { WebSocketServer } from 'ws'
import { WebSocket } from '../../gateway/sockets/web-socket.ts'
import { makeLogger } from '../../runtime/logger.ts'

/**
 * The least that a durable message can cost in one process: a row is inserted, as many as come meanwhile are committed
 * together, the message goes on and is answered, and its receipt comes back. No session, actor, window or cursor.
 *
 * Frames are the plain relay's, and `k` (acknowledge) and `r` (receipt): a letter, the message's number, whom it is for.
 */
interface Waiting {
  readonly from: string
  readonly n: string
  readonly to: string
  readonly frame: string
}

/** As HOMING_COMMIT_PAUSE_MS. */
const COMMIT_PAUSE_MS = 5
/** As the log's. */
const WAL_CHECKPOINT_PAGES = 10_000
const MAX_FRAME_BYTES = 65_536

const folder = mkdtempSync(join(tmpdir(), 'homing-bench-'))
process.once('SIGTERM', () => {
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
})
const database = new DatabaseSync(join(folder, 'messages.db'))
database.exec('pragma journal_mode = wal')
database.exec('pragma synchronous = full')
database.exec(`pragma wal_autocheckpoint = ${WAL_CHECKPOINT_PAGES}`)
database.exec(`create table message (
  seq integer primary key autoincrement,
  sender text not null,
  client_id text not null,
  recipient text not null,
  body text not null,
  ts integer not null,
  unique (sender, client_id)
)`)
database.exec('create index message_recipient on message (recipient, seq)')
const insert = database.prepare(
  'insert into message (sender, client_id, recipient, body, ts) values (?, ?, ?, ?, ?)',
)
const logger = makeLogger('warn', 'sqlite-relay')
const sockets = new Map<string, WebSocket>()
let waiting: Waiting[] = []
let pauseUntil = 0

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
server.on('connection', (ws, request) => {
  const limits = { text: MAX_FRAME_BYTES, binary: MAX_FRAME_BYTES }
  const socket = new WebSocket(ws, request.socket, limits, logger)
  let user = ''
  const message = (data: Buffer) => {
    const frame = data.toString()
    const [kind, n = '', to = ''] = frame.split(' ', 3)
    if (kind === 'a') {
      user = n
      sockets.set(user, socket)
      socket.send('a')
    } else if (kind === 'k') sockets.get(to)?.send(`r ${n}`)
    else store({ from: user, n, to, frame })
  }
  socket.listen({ message, alive: () => undefined, closed: () => sockets.delete(user) })
})
server.on('listening', () => {
  process.stdout.write(`serves http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})

function store(message: Waiting): void {
  if (waiting.push(message) > 1) return
  const waitMs = pauseUntil - performance.now()
  if (waitMs > 0) setTimeout(commit, waitMs)
  else setImmediate(commit)
}

function commit(): void {
  const messages = waiting
  waiting = []
  database.exec('begin immediate')
  for (const { from, n, to, frame } of messages) insert.run(from, n, to, frame, Date.now())
  database.exec('commit')
  pauseUntil = performance.now() + COMMIT_PAUSE_MS
  for (const { from, n, to, frame } of messages) {
    sockets.get(to)?.send(frame)
    sockets.get(from)?.send(`d ${n}`)
  }
}
