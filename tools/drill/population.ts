import type { ProtocolName } from '../../client/index.ts'
import { directConversation, groupConversation } from '../../protocol/ids.ts'
import type { HistoryWriter } from '../checker/history-writer.ts'
import type { Random } from '../random.ts'
import { DrillGroups } from './drill-groups.ts'
import { DrillUser } from './drill-user.ts'

export interface PopulationParts {
  readonly users: number
  readonly groups: number
  /** What they speak, in turns. */
  readonly protocols: readonly ProtocolName[]
  /** Those that a client may be sent to now. */
  readonly gateways: () => readonly string[]
  readonly history: HistoryWriter
  readonly random: Random
  readonly tokenOf: (user: string) => Promise<string>
  readonly recovered: (offlineMs: number) => void
}

export interface Load {
  /** Sends a second, over all users. */
  readonly rate: number
  readonly durationMs: number
}

/** Of the sends: how often something else is done beside one. */
const LOGIN_CHANCE = 0.004
const READ_CHANCE = 0.2
const CHANGE_CHANCE = 0.01
/** Of the sends: how many are to a group, which brings them to all its members. */
const GROUP_CHANCE = 0.15
const UNREAD_CHANCE = 0.01
const STATUS_CHANCE = 0.02
const statuses = ['online', 'away', 'offline'] as const
const TICK_MS = 10
const LOGINS_AT_ONCE = 50
const UNREAD_ASKED_AT_THE_END = 50

/**
 * The users of a drill, who send to each other and in groups, let each other in and out, log in again, read, and ask
 * what is unread. Every second one never reads, so that there are counts which nothing makes uncertain.
 */
export class Population {
  readonly #parts: PopulationParts
  readonly #users: DrillUser[] = []
  readonly #groups: DrillGroups
  #asking = new Set<Promise<void>>()

  constructor(parts: PopulationParts) {
    this.#parts = parts
    const { groups: count, history, random } = parts
    this.#groups = new DrillGroups({
      count,
      users: this.#users,
      history,
      random,
      gateway: () => this.#gateway(),
    })
  }

  get users(): readonly DrillUser[] {
    return this.#users
  }

  async start(): Promise<void> {
    const { users, protocols, history, tokenOf, recovered } = this.#parts
    for (let index = 0; index < users; index++) {
      const name = `u${index}`
      const gateway = () => this.#gateway()
      const protocol = protocols[index % protocols.length] ?? 'json'
      const token = await tokenOf(name)
      const user = new DrillUser({ name, token, protocol, history, gateway, recovered })
      this.#users.push(user)
      await user.login()
      const connecting = () => this.#users.filter(({ online }) => !online).length
      const atOnce = index === users - 1 ? 0 : LOGINS_AT_ONCE
      await until(() => connecting() <= atOnce, 30_000, 'users cannot log in')
    }
    await this.#groups.start()
  }

  /** Sends at an even pace and does the rest by chance. */
  async run({ rate, durationMs }: Load): Promise<void> {
    const start = performance.now()
    let sent = 0
    while (performance.now() - start < durationMs) {
      const due = ((performance.now() - start) / 1000) * rate
      for (; sent < due; sent++) this.#step()
      await new Promise(resolve => setTimeout(resolve, TICK_MS))
    }
    await Promise.all(this.#asking)
  }

  /** Waits until everybody is online and has all that was accepted for them. Answers what is missing, if anything. */
  async settle(withinMs: number): Promise<string[]> {
    try {
      await until(() => this.#missing().length === 0, withinMs, 'not settled')
      return []
    } catch {
      return this.#missing().slice(0, 20)
    }
  }

  /** Every user asks for the conversations that somebody has begun, up to a number, and for all groups. */
  async askAllUnread(): Promise<void> {
    const groups = this.#groups.ids.map(groupConversation)
    for (const user of this.#users) {
      const begun = [...user.conversations].filter(conv => !groups.includes(conv))
      const asked = [...groups, ...begun].slice(0, UNREAD_ASKED_AT_THE_END)
      await Promise.all(asked.map(conv => user.askUnread(conv, this.#gateway())))
    }
  }

  /** Everybody loses the connection at once. */
  storm(): void {
    for (const user of this.#users) user.breakOff()
  }

  close(): void {
    this.#groups.close()
    for (const user of this.#users) user.close()
  }

  #step(): void {
    const { random } = this.#parts
    const user = random.pick(this.#users)
    const group = random.chance(GROUP_CHANCE) ? this.#groups.groupFor(user) : undefined
    const target = group === undefined ? { to: this.#peerOf(user).name } : { groupId: group }
    user.send(target)
    if (random.chance(LOGIN_CHANCE)) void user.login()
    if (random.chance(READ_CHANCE)) random.pick(this.#readers).read()
    if (random.chance(STATUS_CHANCE)) random.pick(this.#users).say(random.pick(statuses))
    if (random.chance(CHANGE_CHANCE)) this.#groups.change()
    if (!random.chance(UNREAD_CHANCE)) return
    const conv =
      target.to === undefined ? groupConversation(target.groupId) : directConversation(user.name, target.to)
    this.#ask(user.askUnread(conv, this.#gateway()))
  }

  get #readers(): readonly DrillUser[] {
    return this.#users.filter((_, index) => index % 2 === 0)
  }

  #peerOf(user: DrillUser): DrillUser {
    for (;;) {
      const peer = this.#parts.random.pick(this.#users)
      if (peer !== user) return peer
    }
  }

  #ask(asked: Promise<void>): void {
    this.#asking.add(asked)
    void asked.finally(() => this.#asking.delete(asked))
  }

  #gateway(): string {
    return this.#parts.random.pick(this.#parts.gateways())
  }

  #missing(): string[] {
    const groups = this.#groups.missing()
    const byName = new Map(this.#users.map(user => [user.name, user]))
    const direct = this.#users.flatMap(user => {
      const undelivered = [...user.accepted].flatMap(([seq, to]) =>
        byName.get(to)?.hasReceived(seq) ? [] : [`${to} has not received ${seq} from ${user.name}`],
      )
      const unsaved = user.unsaved > 0 ? [`${user.name} has ${user.unsaved} unsaved`] : []
      const mistaken = [...user.told].flatMap(([of, status]) =>
        byName.get(of)?.status === status ? [] : [`${user.name} takes ${of} for ${status}`],
      )
      return [...mistaken, ...unsaved, ...undelivered]
    })
    const absent = this.#users.flatMap(({ name, absence }) =>
      absence === undefined ? [] : [`${name} is not online (${absence})`],
    )
    return [...absent, ...direct, ...groups]
  }
}

async function until(condition: () => boolean, withinMs: number, complaint: string): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(complaint)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
