import { directConversation, groupConversation } from '../../../protocol/ids.ts'
import type { HistoryEvent, HistoryLine } from '../../../tools/checker/history.ts'
import { Random } from '../../../tools/random.ts'
import { SimulatedGroup } from './simulated-group.ts'
import { type SimulatedLogin, type SimulatedMessage, SimulatedUser } from './simulated-user.ts'

export interface WorldSize {
  readonly users?: number
  readonly steps?: number
  /** Whether it settles at the end; true unless said otherwise. */
  readonly quiet?: boolean
  /** Whether all learn in the end what became of what they said in the group; true unless said otherwise. */
  readonly answers?: boolean
}

const GROUP = groupConversation('crew')

/**
 * A log, users, connections and faults that keep every promise, each step at random: what is invoked is stored
 * later, in its sender's order, and acknowledged, given up or refused; logins overlap; reads get lost; members come and
 * go.
 */
class SimulatedWorld {
  readonly lines: HistoryLine[] = []
  readonly #random: Random
  readonly #users: SimulatedUser[]
  readonly #group: SimulatedGroup
  readonly #answers: boolean
  /** Said in the group, and not known to its sender whether it was taken. */
  readonly #untold: SimulatedMessage[] = []
  #t = 0
  #seq = 0
  #named = 0

  constructor(seed: number, { users, answers }: Required<Pick<WorldSize, 'users' | 'answers'>>) {
    this.#answers = answers
    this.#random = new Random(seed)
    this.#users = Array.from({ length: users }, (_, index) => new SimulatedUser(`u${index}`))
    this.#group = new SimulatedGroup({
      conv: GROUP,
      users: this.#users,
      random: this.#random,
      write: event => this.#write(event),
      nextSeq: () => this.#nextSeq(),
    })
    this.#group.create()
    const [owner] = this.#users
    if (!owner) return
    this.#login(owner)
    this.#confirm(owner, this.#bind(owner))
    this.#deliver(owner)
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
      [2, () => this.#group.ask()],
      [3, () => this.#group.make()],
      [3, () => this.#group.answer()],
      [1, () => this.#group.giveUp()],
    ]
    this.#random.pick(steps.flatMap(([weight, step]) => Array<() => void>(weight).fill(step)))()
  }

  /** Everything under way ends, everything stored arrives; then every count is asked for. */
  settle(): void {
    for (const user of this.#users) {
      if (user.bound === undefined) this.#login(user)
      while (user.logins.length > 0) this.#confirm(user, this.#bind(user))
    }
    this.#group.settle()
    for (const user of this.#users) while (user.outgoing.length > 0) this.#store(user)
    for (const user of this.#users) {
      while (user.unanswered.length > 0) this.#answer(user)
      while (user.delivered < user.feed.length) this.#deliver(user)
      while (user.reads.length > 0) this.#applyRead(user)
      while (user.applied.length > 0) this.#confirmRead(user, true)
      for (const [conv, upto] of user.asked) this.#readAgain(user, conv, upto)
      this.#tellAll(user)
    }
    for (const message of this.#untold.splice(0)) this.#tellLate(message)
    this.#write({ type: 'info', f: 'quiet', proc: 'drill' })
    for (const user of this.#users) {
      this.#ask(user, user)
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
    const conv = peer === user || this.#random.chance(0.15) ? GROUP : directConversation(user.name, peer.name)
    this.#named += 1
    const { name: from, conn } = user
    const id = `m${this.#named}`
    user.outgoing.push({
      kind: 'message',
      from,
      id,
      conv,
      conn,
      seq: 0,
      isUnknown: false,
      isRefused: false,
    })
    this.#write({ type: 'invoke', f: 'send', proc: from, conv, from, id, conn })
  }

  #store(user: SimulatedUser): void {
    if (user.bound === undefined) return
    const message = user.outgoing.shift()
    if (!message) return
    user.unanswered.push(message)
    if (message.conv === GROUP && !this.#group.isMember(user)) {
      message.isRefused = true
      return
    }
    message.seq = this.#nextSeq()
    message.conn = user.bound
    user.moveCursor(message.conv, message.seq)
    for (const other of this.#recipients(message, user)) other.feed.push(message)
  }

  #recipients({ conv }: SimulatedMessage, user: SimulatedUser): readonly SimulatedUser[] {
    if (conv === GROUP) return this.#group.others(user)
    return this.#users.filter(other => other !== user && conv === directConversation(user.name, other.name))
  }

  #nextSeq(): number {
    this.#seq += 1 + this.#random.below(3)
    return this.#seq
  }

  #answer(user: SimulatedUser): void {
    const message = user.unanswered.shift()
    if (!message) return
    const { from, id, conv, conn, seq } = message
    const named = { f: 'send', proc: from, conv, from, id, conn } as const
    // An answer may come after all, or get lost.
    const isLost = message.isUnknown && this.#random.chance(0.7)
    const isUnknown = !isLost && this.#random.chance(0.05)
    if ((isLost || isUnknown) && conv === GROUP && this.#answers) this.#untold.push(message)
    if (isLost) return
    if (isUnknown) this.#write({ type: 'info', ...named })
    else if (message.isRefused) this.#write({ type: 'fail', ...named, reason: 'not_group_member' })
    else this.#write({ type: 'ok', ...named, seq })
  }

  #tellLate({ from, id, conv, conn, seq, isRefused }: SimulatedMessage): void {
    const named = { f: 'send', proc: from, conv, from, id, conn } as const
    if (isRefused) this.#write({ type: 'fail', ...named, reason: 'not_group_member' })
    else this.#write({ type: 'ok', ...named, seq })
  }

  #giveUp(user: SimulatedUser): void {
    const message = user.outgoing[0]
    if (!message || message.isUnknown) return
    const { from, id, conv, conn } = message
    this.#write({ type: 'info', f: 'send', proc: from, conv, from, id, conn })
    if (this.#random.chance(0.5) && !(conv === GROUP && this.#answers)) user.outgoing.shift()
    else message.isUnknown = true
  }

  #refuse(user: SimulatedUser): void {
    const message = user.outgoing.shift()
    if (!message) return
    const { from, id, conv, conn } = message
    this.#write({ type: 'fail', f: 'send', proc: from, conv, from, id, conn, reason: 'body_too_long' })
  }

  #deliver(user: SimulatedUser): void {
    const next = user.feed[user.delivered]
    if (!next || user.bound === undefined) return
    const { conv, seq, from } = next
    const conn = user.delivered < user.late.until ? user.late.conn : user.bound
    const receipt = { proc: user.name, user: user.name, conn, conv, seq, from } as const
    if (conv === GROUP) user.membership.learn()
    if (next.kind === 'message') this.#write({ type: 'ok', f: 'recv', ...receipt, id: next.id })
    else this.#write({ type: 'ok', f: 'notice', ...receipt, event: next.event, users: next.users })
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
    const messages = user.feed.slice(0, user.delivered).filter(({ kind }) => kind === 'message')
    if (messages.length === 0) return
    const { conv, seq: upto } = this.#random.pick(messages)
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

  /** About a peer, or about the group where that is the user. */
  #ask(user: SimulatedUser, peer = this.#random.pick(this.#users)): void {
    const conv = peer === user ? GROUP : directConversation(user.name, peer.name)
    if (user.questions.some(question => question.conv === conv)) return
    user.questions.push({ conv, value: undefined })
    this.#write({ type: 'invoke', f: 'unread', proc: user.name, user: user.name, conv })
  }

  #count(user: SimulatedUser): void {
    for (const question of user.questions)
      question.value ??= user.unread(question.conv, question.conv === GROUP)
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
  { users = 5, steps = 1_500, quiet = true, answers = true }: WorldSize = {},
): HistoryLine[] {
  const world = new SimulatedWorld(seed, { users, answers })
  for (let step = 0; step < steps; step += 1) world.step()
  if (quiet) {
    world.settle()
    for (let step = 0; step < steps / 4; step += 1) world.step()
    world.settle()
  }
  return world.lines
}
