import type { LogEntry } from '../../messaging/message-log.ts'
import type { UserId } from '../../protocol/ids.ts'
import type { SendOp } from './contract.ts'

/** Messages in groups whose origin is remembered until the group's feed brings them. */
const MAX_ORIGINS = 1000

export interface OwnMessagesParts {
  /** Whether there is anybody else to tell. */
  readonly several: () => boolean
  /** Pushes to the user's connections but one. */
  readonly push: (entry: LogEntry, except: string | undefined) => void
}

/**
 * What a user sends, on its way to the user's other connections: live, once, and never to the one that has sent it. A
 * direct message is told when it is stored, a group's where it stands in the group's feed. Where it is not known which
 * connection has sent a message (another owner's did), nobody is told: history has it.
 */
export class OwnMessages {
  readonly #user: UserId
  readonly #parts: OwnMessagesParts
  /** By the messages' clientMsgIds; undefined where no connection has sent it. */
  readonly #origins = new Map<string, string | undefined>()

  constructor(user: UserId, parts: OwnMessagesParts) {
    this.#user = user
    this.#parts = parts
  }

  /** These are about to be sent. Answers who is to be given the direct ones as they are stored. */
  sending(ops: readonly SendOp[], connId: string | undefined): (entry: LogEntry) => void {
    if (this.#parts.several() || connId === undefined)
      for (const op of ops) if ('group' in op) this.#remember(op.clientMsgId, connId)
    return entry => this.#parts.push(entry, connId)
  }

  /** Takes what has just been stored in a group. */
  stored(entry: LogEntry): void {
    const message = entry.entry
    if (message.kind !== 'group' || message.from !== this.#user) return
    if (!this.#origins.has(message.clientMsgId)) return
    const origin = this.#origins.get(message.clientMsgId)
    this.#origins.delete(message.clientMsgId)
    this.#parts.push(entry, origin)
  }

  #remember(clientMsgId: string, connId: string | undefined): void {
    this.#origins.set(clientMsgId, connId)
    if (this.#origins.size <= MAX_ORIGINS) return
    const [oldest] = this.#origins.keys()
    if (oldest !== undefined) this.#origins.delete(oldest)
  }
}
