import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket as WsSocket } from 'ws'
import { WebSocket } from '../../gateway/sockets/web-socket.ts'
import type { Bus } from '../../messaging/bus.ts'
import { NatsBus } from '../../messaging/nats-bus.ts'
import { connectNats } from '../../messaging/nats-connection.ts'
import { makeLogger } from '../../runtime/logger.ts'

/**
 * The least that the cluster's way of a message can cost: the same processes say the same to each other over the same
 * NATS by the same means, and nothing else is done. No session, actor, fence, window or cursor; a message is done when
 * the log has it, so there is no saver and no database either.
 *
 * Frames are the plain relay's, and `k` (acknowledge) and `r` (receipt): a letter, the message's number, whom it is for.
 */
type Push = readonly [user: string, frame: string]

const { ROLE = '', NAME = '', NATS_URL = '' } = process.env
const TIMEOUT_MS = 10_000
/** As HOMING_NATS_WRITE_PAUSE_MS. */
const WRITE_PAUSE_MS = 2
const MAX_FRAME_BYTES = 65_536
const HOSTS = 2

const logger = makeLogger('warn', NAME)
const user = { user: ROLE, password: 'secret', name: NAME }
const connection = await connectNats({ servers: [NATS_URL], writePauseMs: WRITE_PAUSE_MS, ...user }, logger)
const bus: Bus = new NatsBus(connection, logger)
if (ROLE === 'gateway') serveGateway()
else serveHost()

function serveGateway(): void {
  const sockets = new Map<string, WebSocket>()
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
  bus.subscribe(`push.${NAME}`, ({ value }) => {
    for (const [to, frame] of value as Push[]) sockets.get(to)?.send(frame)
  })
  server.on('connection', (socket, request) => serveClient(socket, request, sockets))
  server.on('listening', () => say(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
}

/** As in Homing, one call is under way for a connection, and what comes meanwhile is the next. */
function serveClient(ws: WsSocket, request: IncomingMessage, sockets: Map<string, WebSocket>): void {
  const limits = { text: MAX_FRAME_BYTES, binary: MAX_FRAME_BYTES }
  const socket = new WebSocket(ws, request.socket, limits, logger)
  let user = ''
  let calling = false
  let waiting: string[] = []
  const next = async () => {
    if (calling || waiting.length === 0) return
    calling = true
    const frames = waiting
    waiting = []
    const answers = await bus.request(`actor.${user}`, frames, TIMEOUT_MS)
    for (const answer of answers as (string | null)[]) if (answer !== null) socket.send(answer)
    calling = false
    void next()
  }
  const bind = async () => {
    sockets.set(user, socket)
    const host = Number(/\d+$/.exec(user)) % HOSTS
    await bus.request(`bind.host-${host}`, { user, gateway: NAME }, TIMEOUT_MS)
    socket.send('a')
  }
  const message = (data: Buffer) => {
    const frame = data.toString()
    if (frame.startsWith('a ')) {
      user = frame.slice(2)
      void bind()
      return
    }
    waiting.push(frame)
    void next()
  }
  socket.listen({ message, alive: () => undefined, closed: () => sockets.delete(user) })
}

function serveHost(): void {
  let waiting = new Map<string, Push[]>()
  /** What one tick pushes to one gateway goes there together. */
  const push = (gateway: string, to: string, frame: string) => {
    if (waiting.size === 0)
      queueMicrotask(() => {
        const all = waiting
        waiting = new Map()
        for (const [name, pushes] of all) bus.publish(`push.${name}`, pushes)
      })
    const pushes = waiting.get(gateway)
    if (pushes) pushes.push([to, frame])
    else waiting.set(gateway, [[to, frame]])
  }
  const handle = async (frame: string): Promise<string | null> => {
    const [kind, n = '', to = ''] = frame.split(' ', 3)
    if (kind === 'm') {
      await bus.request(`im.direct.${to}`, frame, TIMEOUT_MS)
      return `d ${n}`
    }
    bus.publish(`event.${to}`, `r ${n}`)
    return null
  }
  bus.subscribe(`bind.${NAME}`, async ({ value, respond }) => {
    const { user, gateway } = value as { user: string; gateway: string }
    bus.subscribe(`actor.${user}`, async call =>
      call.respond?.(await Promise.all((call.value as string[]).map(handle))),
    )
    for (const subject of [`event.${user}`, `live.direct.${user}`])
      bus.subscribe(subject, event => push(gateway, user, event.value as string))
    await bus.flush()
    respond?.(true)
  })
  void bus.flush().then(() => say(NATS_URL))
}

function say(url: string): void {
  process.stdout.write(`serves ${url}\n`)
}
