import { WebSocket } from 'ws'
import {
  type ClientState,
  type GroupNotice,
  HomingClient,
  type Message,
  type Presence,
  type PresenceStatus,
  type ProtocolName,
  type Receipt,
  type Refusal,
  type Target,
} from '../../client/index.ts'
import { directConversation, groupConversation } from '../../protocol/ids.ts'
import type { HistoryWriter } from '../checker/history-writer.ts'
import { DrillOutbox } from './drill-outbox.ts'
import { type Heard, heardMessage, heardNotice } from './heard.ts'

export interface DrillUserParts {
  readonly name: string
  readonly token: string
  readonly protocol: ProtocolName
  readonly history: HistoryWriter
  /** The gateway for the next connection. */
  readonly gateway: () => string
  /** Called when a client is online again, with how long it was not (ms). */
  readonly recovered: (offlineMs: number) => void
}

interface Login {
  readonly client: HomingClient
  conn: string
  phase: 'off' | 'connecting' | 'online'
  offSince: number
}

/** Sends are paced by the drill, not by the client. */
const unpaced = { framesPerSecond: 1e6, framesBurst: 1e6, messagesPerSecond: 1e6, messagesBurst: 64 }
const RECONNECT = { baseMs: 300, factor: 1.5, capMs: 3000 }

/** One user of a drill: the client of the last login, what it was promised and what it has seen, all in the history. */
export class DrillUser {
  readonly name: string
  readonly #parts: DrillUserParts
  readonly #outbox = new DrillOutbox()
  readonly #received = new Set<number>()
  /** By clientMsgId: the recipient of what has not been accepted yet. */
  readonly #open = new Map<string, Target>()
  readonly #clients: HomingClient[] = []
  #ended = false
  #logins = 0
  #connections = 0
  #sends = 0
  #asked = 0
  #login: Login | undefined
  #absence = 'never logged in'
  #socket: WebSocket | undefined
  #gateway: string | undefined
  /** Of this user's direct messages, by seq: the recipient. */
  readonly accepted = new Map<number, string>()
  /** The conversations in which somebody has written to this user. */
  readonly conversations = new Set<string>()
  /** By group: what this user has received, or said and was told of, in no order. */
  readonly #heard = new Map<string, Heard[]>()
  #lastIncoming: Message | undefined
  /** The same messages' seqs, by clientMsgId. */
  readonly #seqs = new Map<string, number>()
  /** What the client has said last of how the user is there. */
  status: PresenceStatus = 'online'
  /** What the last connection was told of others. */
  readonly #told = new Map<string, string>()

  constructor(parts: DrillUserParts) {
    this.name = parts.name
    this.#parts = parts
  }

  get online(): boolean {
    return this.#login?.phase === 'online'
  }

  /** Why the user is not online, as the client says it. */
  get absence(): string | undefined {
    return this.online ? undefined : this.#absence
  }

  get token(): string {
    return this.#parts.token
  }

  get unsaved(): number {
    return this.#outbox.size
  }

  /** The gateway of the last connection. */
  get gateway(): string | undefined {
    return this.#gateway
  }

  /** The seq of a message that is accepted. */
  seqOf(clientMsgId: string): number | undefined {
    return this.#seqs.get(clientMsgId)
  }

  hasReceived(seq: number): boolean {
    return this.#received.has(seq)
  }

  /** What this user knows of a group, in its order. */
  heardIn(group: string): readonly Heard[] {
    return (this.#heard.get(group) ?? []).toSorted((a, b) => a.seq - b.seq)
  }

  /** Logs in with a new client; the one before is the server's to put out. */
  async login(): Promise<void> {
    this.#logins++
    const { gateway } = this.#parts
    const opened = (socket: WebSocket, url: string) => {
      this.#socket = socket
      this.#gateway = url
    }
    class DrillSocket extends WebSocket {
      constructor(path: string) {
        const url = gateway()
        super(new URL(new URL(path).pathname, url.replace(/^http/, 'ws')))
        opened(this, url)
      }
    }
    const client = new HomingClient({
      url: gateway(),
      token: this.#parts.token,
      protocol: this.#parts.protocol,
      outbox: this.#outbox,
      webSocket: DrillSocket,
      pacing: unpaced,
      reconnect: RECONNECT,
    })
    const before = this.#login
    this.#clients.push(client)
    const login: Login = {
      client,
      conn: `${this.name}#${this.#logins}.0`,
      phase: 'off',
      offSince: performance.now(),
    }
    client.on('state', state => this.#onState(login, state))
    client.on('message', message => this.#onMessage(login, message))
    client.on('presence', presence => this.#onPresence(login, presence))
    client.on('notify', notice => this.#onNotice(login, notice))
    client.on('accepted', receipt => this.#onAccepted(login, receipt))
    client.on('refused', refusal => this.#onRefused(login, refusal))
    client.on('duplicate', ({ serverMsgId }) => this.#duplicate(login, Number(serverMsgId)))
    this.#login = login
    if (before && before.phase !== 'online') before.client.close()
    client.setPresence(this.status)
    await client.connect()
  }

  /** Answers the message's clientMsgId. */
  send(target: Target): string {
    const login = this.#login
    if (!login) throw new Error(`${this.name} has never logged in`)
    this.#sends++
    const id = `${this.name}-${this.#sends}`
    const conv = this.#conversationWith(target)
    this.#open.set(id, target)
    const fields = { f: 'send', proc: this.name, conv, from: this.name, id, conn: login.conn } as const
    this.#parts.history.write({ type: 'invoke', ...fields })
    login.client.send({ ...target, body: `${id} ${'x'.repeat(this.#sends % 200)}`, clientMsgId: id })
    return id
  }

  /** Says how the user is there. */
  say(status: PresenceStatus): void {
    this.status = status
    this.#parts.history.write({ type: 'info', f: 'status', proc: this.name, user: this.name, status })
    this.#login?.client.setPresence(status)
  }

  /** Others whom the last connection was told of, each with what it was told last. */
  get told(): ReadonlyMap<string, string> {
    return this.#told
  }

  /** Reads up to the last message that came. */
  read(): void {
    const message = this.#lastIncoming
    if (!message || !this.online) return
    const conv = this.#conversationOf(message)
    const upto = Number(message.serverMsgId)
    this.#parts.history.write({ type: 'info', f: 'read', proc: this.name, user: this.name, conv, upto })
    this.#login?.client.read(message.serverMsgId)
  }

  /** Asks over REST how much of a conversation is unread. */
  async askUnread(conv: string, url: string): Promise<void> {
    // A process of its own: one user may ask twice at once.
    const fields = { f: 'unread', proc: `${this.name}?${++this.#asked}`, user: this.name, conv } as const
    this.#parts.history.write({ type: 'invoke', ...fields })
    try {
      const path = `/api/im/offline/unread-count?userId=${this.name}&conversationId=${conv}`
      const response = await fetch(new URL(path, url), {
        headers: { authorization: `Bearer ${this.#parts.token}` },
        signal: AbortSignal.timeout(12_000),
      })
      const body = (await response.json()) as { success: boolean; data: number }
      if (!body.success) throw new Error(`HTTP ${response.status}`)
      this.#parts.history.write({ type: 'ok', ...fields, value: body.data })
    } catch {
      this.#parts.history.write({ type: 'info', ...fields })
    }
  }

  /** The connection is lost without a word. */
  breakOff(): void {
    this.#socket?.terminate()
  }

  close(): void {
    this.#ended = true
    for (const client of this.#clients) client.close()
  }

  #onState(login: Login, state: ClientState): void {
    if (this.#ended) return
    const { history } = this.#parts
    const base = { f: 'login', proc: this.name, user: this.name } as const
    if (state.name === 'connecting') {
      login.conn = `${this.name}#${this.#logins}.${++this.#connections}`
      login.phase = 'connecting'
      history.write({ type: 'invoke', ...base, conn: login.conn })
    } else if (state.name === 'online') {
      login.phase = 'online'
      if (login === this.#login) this.#told.clear()
      history.write({ type: 'ok', ...base, conn: login.conn, sv: 0 })
      if (login === this.#login) this.#parts.recovered(performance.now() - login.offSince)
    } else {
      if (login.phase === 'connecting') history.write({ type: 'info', ...base, conn: login.conn })
      if (login.phase === 'online') login.offSince = performance.now()
      if (login === this.#login) this.#absence = `${state.name}: ${state.reason}`
      login.phase = 'off'
      // Replaced, and not told so before its connection was lost: it must not take the place back.
      if (state.name === 'waiting' && login !== this.#login) login.client.close()
    }
  }

  #onMessage(login: Login, message: Message): void {
    const seq = Number(message.serverMsgId)
    if (!this.#isNew(login, seq)) return
    this.#lastIncoming = message
    const { from, groupId } = message
    const id = message.clientMsgId ?? idIn(message.body)
    const conv = this.#conversationOf(message)
    this.conversations.add(conv)
    if (groupId !== undefined) this.#hear(groupId, heardMessage(seq, from))
    const receiver = { proc: this.name, user: this.name, conn: login.conn } as const
    this.#parts.history.write({ type: 'ok', f: 'recv', ...receiver, conv, seq, id, from })
  }

  #onNotice(login: Login, notice: GroupNotice): void {
    const seq = Number(notice.serverMsgId)
    if (!this.#isNew(login, seq)) return
    const { groupId, event, from, users } = notice
    const conv = groupConversation(groupId)
    this.#hear(groupId, heardNotice(seq, notice))
    const receiver = { proc: this.name, user: this.name, conn: login.conn } as const
    this.#parts.history.write({ type: 'ok', f: 'notice', ...receiver, conv, seq, event, from, users })
  }

  /** What came before to an earlier client is noted as a repeat. */
  #isNew(login: Login, seq: number): boolean {
    if (this.#received.has(seq)) {
      this.#duplicate(login, seq)
      return false
    }
    this.#received.add(seq)
    return true
  }

  #hear(group: string, heard: Heard): void {
    const before = this.#heard.get(group)
    if (before) before.push(heard)
    else this.#heard.set(group, [heard])
  }

  #conversationOf({ from, groupId }: Message): string {
    return groupId === undefined ? directConversation(from, this.name) : groupConversation(groupId)
  }

  #onPresence(login: Login, { userId: of, status, ts }: Presence): void {
    if (this.#ended) return
    // Who only was in a group with this user is told of no longer once one of them has left it.
    const met = this.conversations.has(directConversation(of, this.name))
    if (login === this.#login && met) this.#told.set(of, status)
    const { name } = this
    this.#parts.history.write({
      type: 'ok',
      f: 'presence',
      proc: name,
      user: name,
      conn: login.conn,
      of,
      status,
      ts,
    })
  }

  #duplicate(login: Login, seq: number): void {
    this.#parts.history.write({
      type: 'info',
      f: 'dup',
      proc: this.name,
      user: this.name,
      conn: login.conn,
      seq,
    })
  }

  #onAccepted(login: Login, { clientMsgId: id, serverMsgId }: Receipt): void {
    const target = this.#open.get(id)
    const seq = Number(serverMsgId)
    if (target === undefined) return
    this.#open.delete(id)
    if (target.to === undefined) this.#hear(target.groupId, heardMessage(seq, this.name))
    else this.accepted.set(seq, target.to)
    this.#seqs.set(id, seq)
    const conv = this.#conversationWith(target)
    const line = { proc: this.name, conv, from: this.name, id, conn: login.conn } as const
    this.#parts.history.write({ type: 'ok', f: 'send', ...line, seq })
  }

  /** For good, whichever client it was sent by at first; a later one may ask again what this one was refused. */
  #onRefused(login: Login, { clientMsgId: id = '', reason, retryable }: Refusal): void {
    const target = this.#open.get(id)
    if (retryable || target === undefined || login !== this.#login) return
    this.#open.delete(id)
    const line = { proc: this.name, conv: this.#conversationWith(target), from: this.name, id } as const
    this.#parts.history.write({ type: 'fail', f: 'send', ...line, conn: login.conn, reason })
  }

  #conversationWith(target: Target): string {
    return target.to === undefined
      ? groupConversation(target.groupId)
      : directConversation(this.name, target.to)
  }
}

/** A drill's messages begin with their clientMsgId, as MessagePack does not tell it to whom they go. */
const idIn = (body: string): string => body.split(' ', 1)[0] ?? ''
