import type { Logger } from '../../runtime/logger.ts'
import type { SessionStore } from '../../storage/store.ts'
import type { ListServer, ListSocket } from './list-socket.ts'

/** Half of what a revoked session may go on, so that a late sweep is in time as well. ms */
const SWEEP_MS = 500

/**
 * Ends the connections of sessions that have ended: past their token's exp, or of a session version that has been
 * raised. Whoever raises a version (a login, a logout, a newer token at a gateway or an actor) writes its row, so
 * the rows are asked; there is no notice that could be lost. While the database is down, what is known stands.
 */
export class SessionWatch {
  readonly #io: ListServer
  readonly #sessions: SessionStore
  readonly #logger: Logger
  readonly #timer: NodeJS.Timeout
  #asking = false

  constructor(io: ListServer, sessions: SessionStore, logger: Logger) {
    this.#io = io
    this.#sessions = sessions
    this.#logger = logger
    this.#timer = setInterval(() => void this.#sweep(), SWEEP_MS).unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #sweep(): Promise<void> {
    const now = Date.now()
    for (const socket of this.#sockets) if (socket.data.session.expiresAt <= now) end(socket)
    if (this.#asking) return
    this.#asking = true
    try {
      await this.#endRaised()
    } catch (error) {
      this.#logger.warn({ err: error }, 'session versions cannot be read')
    } finally {
      this.#asking = false
    }
  }

  async #endRaised(): Promise<void> {
    const sockets = this.#sockets
    if (sockets.length === 0) return
    const users = new Set(sockets.map(({ data }) => data.session.user))
    const versions = await this.#sessions.versions([...users])
    for (const socket of sockets) {
      const { user, sv } = socket.data.session
      if (sv < (versions.get(user) ?? 0)) end(socket)
    }
  }

  get #sockets(): ListSocket[] {
    return [...this.#io.of('/').sockets.values()]
  }
}

/** The client is told that the server meant it (`io server disconnect`), so it does not come back by itself. */
const end = (socket: ListSocket): void => {
  socket.disconnect(true)
}
