import type { LogEntry } from '../../../messaging/message-log.ts'
import { isMessage } from '../../../protocol/entries.ts'
import { directFeed, type Feed, groupFeed, type UserId } from '../../../protocol/ids.ts'
import type { DeliveredCursor } from '../../../storage/store.ts'
import type { SimulatedCluster } from './cluster.ts'
import type { SimulatedGateway } from './gateway.ts'
import type { SimulatedStream } from './stream.ts'

type Link = ReturnType<SimulatedGateway['connect']>

/** The messages that are for the user, by what the log says. */
export function messagesFor(stream: SimulatedStream, user: UserId, feed: Feed): readonly LogEntry[] {
  const messages = stream.feed(feed).filter(({ entry }) => isMessage(entry) && entry.from !== user)
  if (feed === directFeed(user)) return messages
  const [, group = ''] = feed.split('.')
  const spans = stream.spans(group, user)
  return messages.filter(({ seq }) =>
    spans.some(({ from, to = Number.POSITIVE_INFINITY }) => from < seq && seq < to),
  )
}

/** One device of a user: connects again and again, acknowledges what it likes, and checks what it is given. */
export class SimulatedDevice {
  readonly user: UserId
  readonly name: string
  isOffline = false
  /** The one that it has connected to last. */
  gateway: SimulatedGateway | undefined
  /** Of messages received again. */
  repeats = 0
  readonly #cluster: SimulatedCluster
  readonly #received = new Set<number>()
  readonly #acknowledged = new Set<number>()
  readonly #fail: (what: string) => void
  /** Whether it acknowledges all that it is given, and at once. */
  #isEager = false
  /** As the TypeScript client does, it says only how far it has come, anew when that grows and now and then. */
  readonly #saysLast: boolean
  readonly #said = new Map<Feed, number>()
  #unsaid: number[] = []
  /** What came over this connection: `upTo` speaks of no other. */
  readonly #pushed = new Set<number>()
  #link: Link | undefined

  constructor(cluster: SimulatedCluster, user: UserId, name: string, fail: (what: string) => void) {
    this.#cluster = cluster
    this.user = user
    this.name = name
    this.#fail = what => fail(`${user}'s ${name}: ${what}`)
    this.#saysLast = cluster.time.chance(0.3)
    this.#acknowledgeNowAndThen()
  }

  get feeds(): readonly Feed[] {
    return [directFeed(this.user), ...this.#cluster.stream.groups().map(groupFeed)]
  }

  /** What it has not been given yet. */
  get missing(): readonly LogEntry[] {
    const messages = this.feeds.flatMap(feed => messagesFor(this.#cluster.stream, this.user, feed))
    return messages.filter(({ seq }) => !this.#received.has(seq))
  }

  /** What it is still to be given, or its cursors to pass, in words. */
  get behind(): readonly string[] {
    const cursors = this.#cluster.database.cursorsOf(this.user).filter(({ device }) => device === this.name)
    const late = this.feeds.filter(feed => {
      const last = messagesFor(this.#cluster.stream, this.user, feed).at(-1)?.seq ?? 0
      return last > (cursors.find(cursor => cursor.feed === feed)?.seq ?? 0)
    })
    return [
      ...this.missing.map(({ seq, feed }) => `${seq} of ${feed} for ${this.name}`),
      ...late.map(feed => `the cursor of ${this.name} in ${feed}`),
    ]
  }

  /** A cursor of the device may pass nothing that it has not acknowledged. */
  check({ feed, seq: cursor }: DeliveredCursor): void {
    const over = messagesFor(this.#cluster.stream, this.user, feed).find(
      ({ seq }) => seq <= cursor && !this.#acknowledged.has(seq),
    )
    if (over) this.#fail(`the cursor in ${feed} is at ${cursor}, and ${over.seq} not acknowledged`)
  }

  /** An earlier connection may still be there. */
  connect(): void {
    this.isOffline = false
    const { time, gateways } = this.#cluster
    const gateway = time.pick(gateways)
    this.gateway = gateway
    const link: Link = gateway.connect(this.user, this.name, {
      hear: frame => this.#hear(frame, this.#link === link),
      closed: () => {
        if (this.#link !== link) return
        this.#link = undefined
        setTimeout(() => this.#link ?? (this.isOffline || this.connect()), time.between(20, 1500))
      },
    })
    this.#link = link
    this.#pushed.clear()
    this.#said.clear()
  }

  /** From now on it stays, and acknowledges all that it is given. */
  settle(): void {
    this.#isEager = true
    if (this.isOffline) this.connect()
  }

  leave(): void {
    this.isOffline = true
    this.#link?.leave()
    this.#link = undefined
  }

  #hear(text: string, overThis: boolean): void {
    const frame = JSON.parse(text) as { type: string; serverMsgId: string; body: string }
    if (frame.type !== 'SINGLE_CHAT' && frame.type !== 'GROUP_CHAT') return
    const seq = Number(frame.serverMsgId)
    const stored = this.#cluster.stream.entry(seq)
    if (!stored || !isMessage(stored.entry) || stored.entry.body !== frame.body) {
      this.#fail(`was given ${seq}, which the log does not have so`)
      return
    }
    this.#unsaid.push(seq)
    if (overThis) this.#pushed.add(seq)
    if (this.#received.has(seq)) {
      this.repeats++
      return
    }
    const messages = messagesFor(this.#cluster.stream, this.user, stored.feed)
    if (!messages.includes(stored))
      this.#fail(`was given ${seq} of ${stored.feed}, which is not for the user`)
    const next = messages.find(message => !this.#received.has(message.seq))?.seq
    if (next !== seq) this.#fail(`was given ${seq} of ${stored.feed} and not ${next} before it`)
    this.#received.add(seq)
  }

  #acknowledgeNowAndThen(): void {
    const { time } = this.#cluster
    setTimeout(() => this.#acknowledgeNowAndThen(), this.#isEager ? 50 : time.between(20, 500))
    if (this.#link && this.#saysLast) this.#sayLast()
    if (!this.#link || this.#saysLast || this.#unsaid.length === 0) return
    const all = this.#unsaid.splice(0)
    const last = time.pick(all)
    if (this.#pushed.has(last) && time.chance(0.3)) {
      this.#unsaid = all.filter(seq => !this.#acknowledgeUpTo(last).includes(seq))
      this.#say({ ackType: 'delivered', serverMsgId: String(last), upTo: true })
      return
    }
    for (const seq of all.sort(() => time.next() - 0.5)) {
      if (!this.#isEager && time.chance(0.4)) this.#unsaid.push(seq)
      else {
        this.#acknowledged.add(seq)
        this.#say({ ackType: time.chance(0.2) ? 'read' : 'delivered', serverMsgId: String(seq) })
      }
    }
  }

  #sayLast(): void {
    for (const feed of this.feeds) {
      const last = Math.max(
        0,
        ...this.#cluster.stream.feed(feed).flatMap(({ seq }) => (this.#pushed.has(seq) ? seq : [])),
      )
      const isNews = last > (this.#said.get(feed) ?? 0)
      if (last === 0 || !(isNews || this.#cluster.time.chance(0.05))) continue
      this.#said.set(feed, last)
      this.#acknowledgeUpTo(last)
      this.#say({ ackType: 'delivered', serverMsgId: String(last), upTo: true })
    }
  }

  /** Answers those that are acknowledged by that. */
  #acknowledgeUpTo(last: number): number[] {
    const feed = this.#cluster.stream.entry(last)?.feed
    const upTo = [...this.#pushed].filter(
      seq => seq <= last && this.#cluster.stream.entry(seq)?.feed === feed,
    )
    for (const seq of upTo) this.#acknowledged.add(seq)
    return upTo
  }

  #say(frame: object): void {
    this.#link?.send(JSON.stringify({ type: 'ACK', ...frame }))
  }
}
