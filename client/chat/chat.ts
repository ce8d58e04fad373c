import type { ClientState, Message, Receipt } from '../events.ts'
import type { HomingClient } from '../homing-client.ts'
import { HELP, type Input, parseInput } from './input.ts'
import type { People } from './people.ts'
import { harmless, type Screen } from './screen.ts'

interface SentLine {
  readonly number: number
  readonly to: string
}

const REMEMBERED = 1000
const READ_AFTER_MS = 300

const clockTime = (ts: number): string => new Date(ts).toLocaleTimeString('en-GB')

/** One user's conversation with the server and with whoever sits before the screen. */
export class Chat {
  readonly #client: HomingClient
  readonly #people: People
  readonly #screen: Screen
  readonly #byClientId = new Map<string, SentLine>()
  readonly #byServerId = new Map<string, SentLine>()
  /** By conversation, the last message that has been shown. */
  readonly #shown = new Map<string, string>()
  #to: string | undefined
  #count = 0

  constructor(client: HomingClient, people: People, screen: Screen) {
    this.#client = client
    this.#people = people
    this.#screen = screen
    client.on('state', state => this.#showState(state))
    client.on('message', message => this.#showMessage(message))
    client.on('accepted', receipt => this.#showAccepted(receipt))
    client.on('saved', receipt => this.#showProgress(receipt.clientMsgId, '✓✓ saved'))
    client.on('delivered', sign => this.#showSign(sign.serverMsgId, '✓✓ delivered to'))
    client.on('read', sign => this.#showSign(sign.serverMsgId, '✓✓ read by'))
    client.on('revoked', sign => screen.print(`${this.#name(sign.from)} took a message back`))
  }

  /** Does what a line asks for. Answers false when that is to leave. */
  async take(line: string): Promise<boolean> {
    const input = parseInput(line)
    if (input.kind === 'quit') return false
    await this.#do(input)
    return true
  }

  /** Whom to talk to, known to the server or not yet. */
  talkTo(name: string): void {
    this.#to = name
    this.#screen.talkingTo(name)
  }

  async #do(input: Exclude<Input, { kind: 'quit' }>): Promise<void> {
    switch (input.kind) {
      case 'nothing':
        break
      case 'help':
        this.#screen.print(HELP)
        break
      case 'to':
        this.talkTo(input.name)
        await this.#find(input.name)
        break
      case 'say':
        if (input.name !== undefined) this.talkTo(input.name)
        await this.#say(input.text)
        break
      case 'unknown':
        this.#screen.print(`${input.command} is nothing that this chat knows; /help tells what is`)
        break
      default:
        input satisfies never
    }
  }

  async #say(text: string): Promise<void> {
    const name = this.#to
    if (name === undefined) {
      this.#screen.print('to whom? Say "@bob hello", or "/to bob" first')
      return
    }
    const userId = await this.#find(name)
    if (userId === undefined) {
      this.#screen.print('not sent')
      return
    }
    this.#count += 1
    const line: SentLine = { number: this.#count, to: name }
    const sent = this.#client.send({ to: userId, body: text })
    remember(this.#byClientId, sent.clientMsgId, line)
    this.#screen.print(`${clockTime(Date.now())} [${line.number}] to ${name}: ${text}`)
    sent.saved.catch((error: Error) => this.#screen.print(`  [${line.number}] not sent: ${error.message}`))
  }

  /** The id of a name; if there is none, says why. */
  async #find(name: string): Promise<string | undefined> {
    try {
      const userId = await this.#people.idOf(name)
      if (userId === undefined)
        this.#screen.print(`nobody is called ${name} yet: an account is made by its first login`)
      return userId
    } catch (error) {
      this.#screen.print(`cannot find out who ${name} is: ${error instanceof Error ? error.message : error}`)
      return undefined
    }
  }

  async #showMessage(message: Message): Promise<void> {
    await this.#recognise(message.from)
    const where = message.groupId === undefined ? '' : ` in ${harmless(message.groupId)}`
    this.#screen.print(
      `${clockTime(message.ts)} ${this.#name(message.from)}${where}: ${harmless(message.body)}`,
    )
    if (this.#shown.size === 0) setTimeout(() => this.#markRead(), READ_AFTER_MS)
    this.#shown.set(message.groupId ?? message.from, message.serverMsgId)
  }

  /** A stranger may be the one whom this user wants to talk to and who had no account until now. */
  async #recognise(userId: string): Promise<void> {
    if (this.#to === undefined || this.#people.nameOf(userId) !== userId) return
    await this.#people.idOf(this.#to).catch(() => {})
  }

  /** One mark a conversation is enough: its cursor takes all that came before along. */
  #markRead(): void {
    for (const serverMsgId of this.#shown.values()) this.#client.read(serverMsgId)
    this.#shown.clear()
  }

  #showAccepted({ clientMsgId, serverMsgId }: Receipt): void {
    const line = this.#byClientId.get(clientMsgId)
    if (line) remember(this.#byServerId, serverMsgId, line)
    this.#showProgress(clientMsgId, '✓ accepted')
  }

  #showProgress(clientMsgId: string, progress: string): void {
    const line = this.#byClientId.get(clientMsgId)
    this.#screen.print(`  [${line?.number ?? 'from before'}] ${progress}`)
  }

  #showSign(serverMsgId: string, progress: string): void {
    const line = this.#byServerId.get(serverMsgId)
    if (line) this.#screen.print(`  [${line.number}] ${progress} ${line.to}`)
  }

  #showState(state: ClientState): void {
    switch (state.name) {
      case 'connecting':
        break
      case 'online':
        this.#screen.print(`-- connected as ${this.#name(state.userId)}`)
        break
      case 'waiting':
        this.#screen.print(`-- ${state.reason}; trying again in ${(state.delayMs / 1000).toFixed(1)} s`)
        break
      case 'closed':
        this.#screen.print(`-- ${closingWords[state.reason] ?? state.reason}`)
        break
      default:
        state satisfies never
    }
  }

  #name(userId: string): string {
    return harmless(this.#people.nameOf(userId))
  }
}

const elsewhere = 'you have logged in somewhere else; there is one connection a user'

const closingWords: Readonly<Record<string, string>> = {
  kicked: elsewhere,
  session_invalid: elsewhere,
  token_expired: 'the session has ended',
  'closed by the application': 'bye',
}

function remember(map: Map<string, SentLine>, id: string, line: SentLine): void {
  map.set(id, line)
  const [oldest] = map.keys()
  if (map.size > REMEMBERED && oldest !== undefined) map.delete(oldest)
}
