import type { Server as HttpServer } from 'node:http'
import { Server } from 'socket.io'
import type { Settings } from '../../runtime/settings.ts'
import { MAX_TOKEN_CHARACTERS } from '../auth/tokens.ts'
import { isAllowedOrigin } from '../http/origins.ts'
import type { ListServer } from './list-socket.ts'

/** Socket.IO's own default path, which its clients ask for unless told otherwise. */
export const SOCKET_IO_PATH = '/socket.io/'
/** The largest that a client has to say is its token; with room for what is around it. */
const MAX_PACKET_BYTES = 2 * MAX_TOKEN_CHARACTERS
/** A ping that is not answered for so long ends the connection. ms */
const PING_TIMEOUT_MS = 20_000

/**
 * The Socket.IO server on the gateway's HTTP server: WebSocket and long polling, no cookies, no client files. It
 * answers what is under its path and leaves other requests and upgrades to those who listen already.
 */
export function createListServer(
  server: HttpServer,
  settings: Pick<Settings, 'ALLOWED_ORIGINS' | 'AUTH_TIMEOUT_MS' | 'PING_INTERVAL_MS'>,
  isDraining: () => boolean,
): ListServer {
  const allowed = settings.ALLOWED_ORIGINS
  return new Server(server, {
    path: SOCKET_IO_PATH,
    serveClient: false,
    cookie: false,
    // Upgrades of other paths are somebody else's, however long they take to judge them.
    destroyUpgrade: false,
    maxHttpBufferSize: MAX_PACKET_BYTES,
    pingInterval: settings.PING_INTERVAL_MS,
    pingTimeout: PING_TIMEOUT_MS,
    connectTimeout: settings.AUTH_TIMEOUT_MS,
    // Without a list of origins only the server's own pages come, which need no leave to read.
    ...(allowed.length > 0 && { cors: { origin: allowed.includes('*') ? '*' : [...allowed] } }),
    allowRequest: ({ headers }, decide) => {
      if (isDraining()) decide('the server is stopping', false)
      else if (!isAllowedOrigin(headers.origin, headers.host, allowed)) decide('origin_not_allowed', false)
      else decide(null, true)
    },
  })
}
