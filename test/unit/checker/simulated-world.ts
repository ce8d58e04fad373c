import { directConversation, groupConversation } from '../../../protocol/ids.ts'
import type { HistoryEvent, HistoryLine } from '../../../tools/checker/history.ts'
import { Random } from './random.ts'
import { type SimulatedLogin, SimulatedUser } from './simulated-user.ts'

export interface WorldSize {
  readonly users?: number
  readonly steps?: number
  /** Whether it settles at the end; true unless said otherwise. */
  readonly quiet?: boolean
}

const GROUP = groupConversation('crew')

/**
 * A log, users, connections and faults that keep every promise, each step at random: what is invoked is stored
 * later, in its sender's order, and acknowledged, given up or refused; logins overlap; reads get lost.
 */
class SimulatedWorld {
  readonly lines: HistoryLine[] = []
  readonly #random: Random
  readonly #users: SimulatedUser[]
  #t = 0
  #seq = 0
  #named = 0

  constructor(seed: number, users: number) {
    this.#random = new Random(seed)
    this.#users = Array.from({ length: users }, (_, index) => new SimulatedUser(`u${index}`))
  }

  step(): void {
    const user = this.#random.pick(this.#users)
    const steps: readonly [weight: number, step: () => void][] = [
      [20, () => this.#send(user)],
      [18, () => this.#store(user)],
      [18, () => this.#answer(user)],
      [40, () => this.#deliver(user)],
      [2, () => this.#giveUp(user)],
      [1, () => this.#refuse(user)],
      [2, () => this.#login(user)],
      [4, () => this.#bind(user)],
      [4, () => this.#confirm(user)],
      [4, () => this.#read(user)],
      [4, () => this.#applyRead(user)],
      [2, () => this.#confirmRead(user)],
      [4, () => this.#ask(user)],
      [6, () => this.#count(user)],
      [6, () => this.#tell(user)],
      [1, () => this.#fault()],
    ]
    this.#random.pick(steps.flatMap(([weight, step]) => Array<() => void>(weight).fill(step)))()
  }

  /** Everything under way ends, everything stored arrives; then every count is asked for. */
  settle(): void {
    for (const user of this.#users) {
      if (user.bound === undefined) this.#login(user)
      while (user.logins.length > 0) this.#confirm(user, this.#bind(user))
    }
    for (const user of this.#users) while (user.outgoing.length > 0) this.#store(user)
    for (const user of this.#users) {
      while (user.unanswered.length > 0) this.#answer(user)
      while (user.delivered < user.feed.length) this.#deliver(user)
      while (user.reads.length > 0) this.#applyRead(user)
      while (user.applied.length > 0) this.#confirmRead(user, true)
      for (const [conv, upto] of user.asked) this.#readAgain(user, conv, upto)
      this.#tellAll(user)
    }
    this.#write({ type: 'info', f: 'quiet', proc: 'drill' })
    for (const user of this.#users) {
      for (const peer of this.#users) if (peer !== user) this.#ask(user, peer)
      this.#tellAll(user)
    }
  }

  #write(event: HistoryEvent): void {
    if (this.#random.chance(0.8)) this.#t += this.#random.next()
    this.lines.push({ t: Math.round(this.#t * 1_000) / 1_000, ...event })
  }

  #send(user: SimulatedUser): void {
    const peer = this.#random.pick(this.#users)
    const conv = peer === user ? GROUP : directConversation(user.name, peer.name)
    this.#named += 1
    const { name: from, conn } = user
    const id = `m${this.#named}`
    user.outgoing.push({ from, id, conv, conn, seq: 0, isUnknown: false })
    this.#write({ type: 'invoke', f: 'send', proc: from, conv, from, id, conn })
  }

  #store(user: SimulatedUser): void {
    if (user.bound === undefined) return
    const message = user.outgoing.shift()
    if (!message) return
    this.#seq += 1 + this.#random.below(3)
    message.seq = this.#seq
    message.conn = user.bound
    user.moveCursor(message.conv, message.seq)
    for (const other of this.#users)
      if (
        other !== user &&
        (message.conv === GROUP || message.conv === directConversation(user.name, other.name))
      )
        other.feed.push(message)
    user.unanswered.push(message)
  }

  #answer(user: SimulatedUser): void {
    const message = user.unanswered.shift()
    if (!message) return
    const { from, id, conv, conn, seq } = message
    const named = { f: 'send', proc: from, conv, from, id, conn } as const
    // An answer may come after all, or get lost.
    if (message.isUnknown && this.#random.chance(0.7)) return
    if (this.#random.chance(0.05)) this.#write({ type: 'info', ...named })
    else this.#write({ type: 'ok', ...named, seq })
  }

  #giveUp(user: SimulatedUser): void {
    const message = user.outgoing[0]
    if (!message || message.isUnknown) return
    const { from, id, conv, conn } = message
    this.#write({ type: 'info', f: 'send', proc: from, conv, from, id, conn })
    if (this.#random.chance(0.5)) user.outgoing.shift()
    else message.isUnknown = true
  }

  #refuse(user: SimulatedUser): void {
    const message = user.outgoing.shift()
    if (!message) return
    const { from, id, conv, conn } = message
    this.#write({ type: 'fail', f: 'send', proc: from, conv, from, id, conn, reason: 'body_too_long' })
  }

  #deliver(user: SimulatedUser): void {
    const message = user.feed[user.delivered]
    if (!message || user.bound === undefined) return
    const { conv, seq, id, from } = message
    const conn = user.delivered < user.late.until ? user.late.conn : user.bound
    this.#write({ type: 'ok', f: 'recv', proc: user.name, user: user.name, conn, conv, seq, id, from })
    user.delivered += 1
    if (this.#random.chance(0.03))
      this.#write({ type: 'info', f: 'dup', proc: user.name, user: user.name, conn, conv, seq })
  }

  #login(user: SimulatedUser): void {
    if (user.logins.length > 1) return
    this.#named += 1
    const conn = `${user.name}-c${this.#named}`
    user.logins.push({ conn, isBound: false, sv: 0 })
    this.#write({ type: 'invoke', f: 'login', proc: user.name, user: user.name, conn })
  }

  #bind(user: SimulatedUser): SimulatedLogin | undefined {
    const unbound = user.logins.filter(({ isBound }) => !isBound)
    if (unbound.length === 0) return user.logins[0]
    const login = this.#random.pick(unbound)
    if (this.#random.chance(0.5)) user.sv += 1
    if (user.bound !== undefined) {
      const until = Math.min(user.feed.length, user.delivered + this.#random.below(3))
      user.late = { until, conn: user.bound }
    }
    Object.assign(login, { isBound: true, sv: user.sv })
    user.bound = login.conn
    return login
  }

  #confirm(user: SimulatedUser, login = user.logins.find(({ isBound }) => isBound)): void {
    if (!login) return
    user.logins.splice(user.logins.indexOf(login), 1)
    const named = { f: 'login', proc: user.name, user: user.name, conn: login.conn } as const
    if (this.#random.chance(0.1)) {
      this.#write({ type: 'info', ...named })
      return
    }
    user.conn = login.conn
    this.#write({ type: 'ok', ...named, sv: login.sv })
  }

  #read(user: SimulatedUser): void {
    const direct = user.feed.slice(0, user.delivered).filter(({ conv }) => conv !== GROUP)
    if (direct.length === 0) return
    const { conv, seq: upto } = this.#random.pick(direct)
    user.reads.push({ conv, upto })
    user.asked.set(conv, Math.max(upto, user.asked.get(conv) ?? 0))
    this.#write({ type: 'invoke', f: 'read', proc: user.name, user: user.name, conv, upto })
  }

  #applyRead(user: SimulatedUser): void {
    const read = user.reads.shift()
    if (!read) return
    if (this.#random.chance(0.2)) {
      this.#write({ type: 'info', f: 'read', proc: user.name, user: user.name, ...read })
      return
    }
    user.moveCursor(read.conv, read.upto)
    user.applied.push(read)
  }

  #confirmRead(user: SimulatedUser, always = false): void {
    const read = user.applied.shift()
    if (!read || !(always || this.#random.chance(0.5))) return
    this.#write({ type: 'ok', f: 'read', proc: user.name, user: user.name, ...read })
  }

  #readAgain(user: SimulatedUser, conv: string, upto: number): void {
    this.#write({ type: 'invoke', f: 'read', proc: user.name, user: user.name, conv, upto })
    user.moveCursor(conv, upto)
    this.#write({ type: 'ok', f: 'read', proc: user.name, user: user.name, conv, upto })
  }

  #ask(user: SimulatedUser, peer = this.#random.pick(this.#users)): void {
    if (peer === user) return
    const conv = directConversation(user.name, peer.name)
    if (user.questions.some(question => question.conv === conv)) return
    user.questions.push({ conv, value: undefined })
    this.#write({ type: 'invoke', f: 'unread', proc: user.name, user: user.name, conv })
  }

  #count(user: SimulatedUser): void {
    for (const question of user.questions) question.value ??= user.unread(question.conv)
  }

  #tell(user: SimulatedUser): void {
    const [question] = user.questions
    if (question?.value === undefined) return
    user.questions.shift()
    const { conv, value } = question
    this.#write({ type: 'ok', f: 'unread', proc: user.name, user: user.name, conv, value })
  }

  #tellAll(user: SimulatedUser): void {
    this.#count(user)
    while (user.questions.length > 0) this.#tell(user)
  }

  #fault(): void {
    const process = this.#random.pick(['gateway-1', 'host-2', 'saver-1', 'nats-1'])
    const what = this.#random.pick(['kill', 'freeze', 'thaw', 'cut'])
    this.#write({ type: 'info', f: 'fault', proc: 'drill', what, process, seed: this.#seq })
  }
}

/** A random history without a violation. */
export function cleanHistory(
  seed: number,
  { users = 5, steps = 1_500, quiet = true }: WorldSize = {},
): HistoryLine[] {
  const world = new SimulatedWorld(seed, users)
  for (let step = 0; step < steps; step += 1) world.step()
  if (quiet) {
    world.settle()
    for (let step = 0; step < steps / 4; step += 1) world.step()
    world.settle()
  }
  return world.lines
}
