import type { Fence, LogEntry } from '../../messaging/message-log.ts'
import { subjects } from '../../messaging/subjects.ts'
import { allowsOne } from '../../protocol/device-policy.ts'
import { eventOf } from '../../protocol/events.ts'
import { directFeed, type Feed, type GroupId, groupFeed, type UserId, userOwner } from '../../protocol/ids.ts'
import type { DeactivateReason } from '../../runtime/actor-runtime.ts'
import type { UserRows } from '../../storage/store.ts'
import type { DoubtNotice } from '../gateway-watch.ts'
import { Attachment, type AttachmentParts } from './attachment.ts'
import type {
  Binding,
  BindResult,
  ConnectionRef,
  Refused,
  SessionCheck,
  SessionOrigin,
  TouchResult,
  UserContract,
} from './contract.ts'
import type { GroupPart, Memberships } from './memberships.ts'
import type { UserActorParts } from './parts.ts'
import {
  type Eviction,
  evictedOf,
  planBind,
  planSession,
  type RouteBody,
  type RouteChange,
  refuseUnrouted,
  routeOf,
} from './route.ts'
import { SessionAudit } from './session-audit.ts'

type Args<M extends keyof UserContract> = Parameters<UserContract[M]>[0]

/** What of a feed is the user's: everything after a seq. */
type FeedPart = Pick<GroupPart, 'feed' | 'after'>

const UNBOUND_REMEMBERED = 32
/** In each claim: a bind that is repeated so late finds that others have come and gone. */
const EVICTED_REMEMBERED = 8

export interface ConnectionsParts extends UserActorParts, Pick<AttachmentParts, 'began' | 'confirmed'> {
  readonly bound: (attachment: Attachment) => void
  readonly left: () => void
  /** The user has a direct message with this one. */
  readonly met: (other: UserId) => void
}

/**
 * The user's route and session version. The route is durable as the body of the ownership claim: what a bind has
 * answered, every later activation starts from.
 */
export class Connections implements Iterable<Attachment> {
  readonly #user: UserId
  readonly #token: string
  readonly #memberships: Memberships
  readonly #parts: ConnectionsParts
  readonly #audit: SessionAudit
  readonly #attached = new Map<string, Attachment>()
  /** How far each device has come in each feed, by `feed device`. */
  readonly #delivered = new Map<string, number>()
  /** Unbound lately: a bind of one that comes after its unbind is too late. */
  readonly #unbound: string[] = []
  /** Evicted lately, by this activation or those before it: a repeated bind must not take the place back. */
  #evicted: readonly string[] = []
  #claimed: readonly Binding[] = []
  #previousEpoch = 0
  #firstEpoch = 0
  #epoch = 0
  #sessionVersion = 0

  constructor(user: UserId, token: string, memberships: Memberships, parts: ConnectionsParts) {
    this.#user = user
    this.#memberships = memberships
    this.#token = token
    this.#parts = parts
    this.#audit = new SessionAudit(user, parts.audit)
  }

  [Symbol.iterator](): Iterator<Attachment> {
    return this.#attached.values()
  }

  get size(): number {
    return this.#attached.size
  }

  get epoch(): number {
    return this.#epoch
  }

  /** Of the last claim before this activation's; 0 when there was none. */
  get previousEpoch(): number {
    return this.#previousEpoch
  }

  /** The saver's position from which everything that earlier activations sent is in the database. */
  get settledBy(): number {
    return this.#parts.log.savesOnAppend ? 0 : this.#firstEpoch
  }

  get fence(): Fence {
    return { owner: userOwner(this.#user), epoch: this.#epoch }
  }

  /** Takes ownership, with the route as the last owner left it. */
  async claimRoute(): Promise<void> {
    const last = await this.#parts.log.lastClaim(userOwner(this.#user))
    this.#claimed = routeOf(last?.body)
    this.#evicted = evictedOf(last?.body)
    this.#previousEpoch = last?.epoch ?? 0
    this.#epoch = this.#previousEpoch
    await this.#claim(this.#claimed)
    this.#firstEpoch = this.#epoch
  }

  /** Takes the route up again; its connections are pushed to once their gateways have confirmed them. */
  restore(rows: UserRows): void {
    this.#sessionVersion = rows.sessionVersion
    for (const { device, feed, seq } of rows.delivered) this.#delivered.set(cursorKey(device, feed), seq)
    const { connections, evicted } = planSession(this.#claimed, this.#sessionVersion)
    for (const eviction of evicted) this.#kick(eviction)
    for (const binding of connections) {
      const attachment = this.#attach(binding, false)
      this.#parts.routes.ask(attachment, () => this.#lose(binding.connId, 'gateway_lost'))
    }
  }

  async bind(binding: Binding): Promise<BindResult> {
    const bound = this.#attached.get(binding.connId)
    if (bound?.isOn(binding)) return bound.confirm()
    if (this.#unbound.includes(binding.connId)) return { ok: false, reason: 'unbound' }
    const session = await this.checkSession(binding.sv)
    if (!session.ok) return session
    if (this.#evicted.includes(binding.connId)) return { ok: false, reason: 'kicked' }
    if (!(await this.#mayTakeItsPlace(binding))) return { ok: false, reason: 'unbound' }
    const plan = this.#planOf(binding)
    this.#remember(plan)
    await this.#claim(plan.connections)
    this.#audit.bound(binding)
    this.#evict(plan)
    this.#remove(binding.connId)
    return this.#attach(binding, true).confirm()
  }

  #planOf(binding: Binding): RouteChange {
    return planBind(this.#bindings(), binding, this.#parts.route)
  }

  /**
   * A bind may come late, when its client has long connected elsewhere: nobody is put out for a connection that is not
   * there any more. What is bound after this answer comes after this turn.
   */
  async #mayTakeItsPlace(binding: Binding): Promise<boolean> {
    const kicks = this.#planOf(binding).evicted.some(({ reason }) => reason === 'kicked')
    return !kicks || this.#parts.gateways.holds(binding.gatewayId, binding.connId)
  }

  touch({ presence, ...ref }: Args<'touch'>): TouchResult {
    const found = this.find(ref)
    if ('reason' in found) return found
    if (presence && found.waits) found.presence = presence
    return found.confirm()
  }

  unbind({ connId }: ConnectionRef): null {
    this.#lose(connId, 'closed')
    this.#unbound.push(connId)
    if (this.#unbound.length > UNBOUND_REMEMBERED) this.#unbound.shift()
    return null
  }

  /** The attachment of a connection of the route, or why the call is refused. */
  find(ref: ConnectionRef): Attachment | Refused {
    return (
      this.#attached.get(ref.connId) ??
      refuseUnrouted(this.#bindings(), this.#parts.route, this.#sessionVersion, ref)
    )
  }

  async checkSession(sv: number): Promise<SessionCheck> {
    if (sv > this.#sessionVersion) {
      this.#raise(await this.#parts.store.users.raiseSessionVersion(this.#user, sv))
      this.#audit.raised(this.#sessionVersion)
    }
    return sv < this.#sessionVersion ? { ok: false, reason: 'session_invalid' } : { ok: true }
  }

  sessionRaised({ sv, origin }: { readonly sv: number; readonly origin: SessionOrigin }): null {
    this.#raise(sv)
    this.#audit.opened(sv, origin)
    return null
  }

  /** Takes an entry that has just been stored in a feed of the user's. */
  stored(entry: LogEntry): void {
    for (const attachment of this) {
      if (attachment.resends) attachment.pump(entry.feed)?.live(entry)
      else if (this.#wants(entry)) attachment.push(eventOf(entry))
    }
  }

  /** A group's feed has ended for the user; what came before may not all have been heard. */
  left(group: GroupId): void {
    for (const attachment of this) attachment.pump(groupFeed(group))?.lookAgain()
  }

  /** Pushes what the user has sent to the connections but the one that has. */
  sent(entry: LogEntry, except: string | undefined): void {
    for (const attachment of this) if (attachment.binding.connId !== except) attachment.push(eventOf(entry))
  }

  /** Whether the connection may be one of several, so that it is given what the others send. */
  sharesUser({ binding }: Attachment): boolean {
    return !allowsOne(binding.policy ?? this.#parts.route.policy)
  }

  /** A group's feed begins for the user, or goes on. */
  joined(group: GroupId): void {
    const part = this.#memberships.part(group)
    for (const attachment of this) {
      const pump = attachment.pump(part.feed)
      if (pump) pump.lookAgain()
      else if (attachment.resends) this.#addGroup(attachment, part, true)
    }
  }

  /** Whether some device has acknowledged what has this seq in the feed. */
  isDelivered(feed: Feed, seq: number): boolean {
    if (seq <= this.#furthest(feed)) return true
    return [...this].some(attachment => attachment.pump(feed)?.delivery.isAcknowledged(seq))
  }

  /** Notes a delivered cursor: the next connection of the device starts there. */
  delivered(device: string, feed: Feed, seq: number): void {
    const key = cursorKey(device, feed)
    if (seq <= (this.#delivered.get(key) ?? 0)) return
    this.#delivered.set(key, seq)
    this.#parts.cursors.delivered(this.#user, device, feed, seq)
  }

  /** Stops pushing, and has the gateways of what is still bound find the next owner. */
  detach(reason: DeactivateReason): void {
    for (const { binding } of this) {
      const notice: DoubtNotice = { connIds: [binding.connId] }
      if (reason !== 'shutdown') this.#parts.bus.publish(subjects.doubt(binding.gatewayId), notice)
    }
    for (const connId of [...this.#attached.keys()]) this.#remove(connId)
  }

  #raise(version: number): void {
    this.#sessionVersion = Math.max(this.#sessionVersion, version)
    this.#evict(planSession(this.#bindings(), this.#sessionVersion))
  }

  #bindings(): readonly Binding[] {
    return [...this].map(attachment => attachment.binding)
  }

  async #claim(connections: readonly Binding[]): Promise<void> {
    const body: RouteBody = {
      connections,
      ...(this.#evicted.length > 0 && { evicted: this.#evicted }),
    }
    this.#epoch = await this.#parts.log.claim(
      userOwner(this.#user),
      { token: this.#token, body },
      this.#epoch,
    )
  }

  #attach(binding: Binding, confirmed: boolean): Attachment {
    const attachment = new Attachment(binding, this.#epoch, confirmed, this.#parts)
    this.#attached.set(binding.connId, attachment)
    this.#parts.gateways.watch(binding.gatewayId, binding.connId, {
      place: () => [attachment.attached.epoch, attachment.attached.n],
      unbind: () => this.#lose(binding.connId, 'gateway_lost'),
    })
    if (attachment.resends) this.#addFeeds(attachment)
    else if (confirmed) this.#parts.began(attachment)
    if (confirmed) this.#parts.bound(attachment)
    return attachment
  }

  #addFeeds(attachment: Attachment): void {
    const isKnown = this.#isKnown(attachment.binding.device)
    this.#addFeed(attachment, { feed: directFeed(this.#user), after: 0 }, isKnown)
    for (const part of this.#memberships.feeds()) this.#addGroup(attachment, part, isKnown)
  }

  #addGroup(attachment: Attachment, part: GroupPart, isKnown: boolean): void {
    if (this.#startOf(attachment.binding.device, part, isKnown) < part.end)
      this.#addFeed(attachment, part, isKnown)
  }

  #addFeed(attachment: Attachment, part: FeedPart, isKnown: boolean): void {
    const { feed } = part
    const { device } = attachment.binding
    const start = this.#startOf(device, part, isKnown)
    if (this.sharesUser(attachment)) this.#begin(device, feed, start)
    attachment.addFeed(feed, start, {
      wants: entry => this.#wants(entry),
      skipped: cursor => this.delivered(device, feed, cursor),
      end: () => (feed === directFeed(this.#user) ? Number.POSITIVE_INFINITY : this.#memberships.end(feed)),
    })
  }

  /** Who sends a message needs no copy of it, and what was taken back is shown to nobody. */
  #wants(stored: LogEntry): boolean {
    const { seq, entry, revoked } = stored
    // Others' pumps may not have come so far, and nobody else tells them: once this one is pushed.
    if (this.#memberships.observe(stored) && entry.kind === 'notice')
      queueMicrotask(() => this.left(entry.group))
    if (entry.kind === 'direct') this.#parts.met(entry.from)
    if (revoked) return false
    if (entry.kind === 'group' && entry.from === this.#user) return false
    return stored.feed === directFeed(this.#user) || this.#memberships.isVisible(stored.feed, seq)
  }

  /**
   * Where a device goes on in a feed: at its own cursor. A device new to the user starts where the furthest of the
   * others is, and the first one at the feed's beginning for the user; so does one that was there, or has only been
   * away, when the feed began.
   */
  #startOf(device: string, { feed, after }: FeedPart, isKnown: boolean): number {
    const own = this.#delivered.get(cursorKey(device, feed)) ?? (isKnown ? 0 : this.#furthest(feed))
    return Math.max(own, after)
  }

  /** Whether the user has had the device before. */
  #isKnown(device: string): boolean {
    for (const key of this.#delivered.keys()) if (key.slice(key.indexOf(' ') + 1) === device) return true
    return false
  }

  /** How far the furthest device has come. */
  #furthest(feed: Feed): number {
    let furthest = 0
    for (const [key, seq] of this.#delivered)
      if (key.startsWith(`${feed} `)) furthest = Math.max(furthest, seq)
    return furthest
  }

  /** Notes where a device has begun: until it acknowledges something, others' cursors must not stand for its own. */
  #begin(device: string, feed: Feed, start: number): void {
    const key = cursorKey(device, feed)
    if (this.#delivered.has(key)) return
    this.#delivered.set(key, start)
    this.#parts.cursors.delivered(this.#user, device, feed, start)
  }

  #remember({ evicted }: RouteChange): void {
    const fresh = evicted.map(({ connection }) => connection.connId)
    const before = this.#evicted.filter(connId => !fresh.includes(connId))
    this.#evicted = [...before, ...fresh].slice(-EVICTED_REMEMBERED)
  }

  #evict({ evicted }: RouteChange): void {
    for (const eviction of evicted) {
      this.#remove(eviction.connection.connId)
      this.#kick(eviction)
    }
  }

  #kick(eviction: Eviction): void {
    this.#parts.kicks.kick(eviction)
    this.#audit.kicked(eviction)
  }

  /** The connection is gone, not only taken to another owner. */
  #lose(connId: string, why: 'closed' | 'gateway_lost'): void {
    const attachment = this.#attached.get(connId)
    if (!attachment) return
    this.#remove(connId)
    this.#audit.unbound(attachment.binding, why)
  }

  #remove(connId: string): void {
    const attachment = this.#attached.get(connId)
    if (!attachment) return
    attachment.stop()
    this.#attached.delete(connId)
    this.#parts.gateways.forget(attachment.binding.gatewayId, connId)
    this.#parts.left()
  }
}

const cursorKey = (device: string, feed: Feed) => `${feed} ${device}`
