import { randomUUID } from 'node:crypto'
import type { BusMessage, BusSubscription } from '../../messaging/bus.ts'
import type { LogEntry, LogSubscription } from '../../messaging/message-log.ts'
import { subjects } from '../../messaging/subjects.ts'
import type { PushEvent } from '../../protocol/events.ts'
import { changesMembers } from '../../protocol/groups.ts'
import {
  directFeed,
  directPeer,
  type GroupId,
  parseConversation,
  type UserId,
  userOwner,
} from '../../protocol/ids.ts'
import { type Actor, type ActorContext, Actors, type DeactivateReason } from '../../runtime/actor-runtime.ts'
import { asOwner } from '../as-owner.ts'
import type { MembershipNotice } from '../group/announcements.ts'
import type { GroupContract } from '../group/contract.ts'
import type { PresenceNotice } from '../presence-watch.ts'
import { Acknowledging } from './acknowledging.ts'
import type { Attachment } from './attachment.ts'
import { Connections } from './connections.ts'
import type {
  Acknowledgement,
  AcknowledgeResult,
  ConnectionRef,
  HandleResult,
  Op,
  OpAnswer,
  OpResult,
  SendOp,
  UserContract,
} from './contract.ts'
import { CustomerSessions } from './customer-sessions.ts'
import { GroupSending } from './group-sending.ts'
import { IncomingMessages } from './incoming-messages.ts'
import { Joining } from './joining.ts'
import { MembershipUpdates } from './membership-updates.ts'
import { Memberships } from './memberships.ts'
import { Offline } from './offline.ts'
import { OwnMessages } from './own-messages.ts'
import type { UserActorParts } from './parts.ts'
import { Circle } from './presence/circle.ts'
import { UserPresence } from './presence/user-presence.ts'
import { type RecountNotice, Replaying } from './replaying.ts'
import { Revoking } from './revoking.ts'
import { Sending } from './sending.ts'
import { Snapshot } from './snapshot.ts'
import { Syncing } from './syncing.ts'
import { UnreadCounts } from './unread-counts.ts'

type Method = keyof UserContract
type Args<M extends Method> = Parameters<UserContract[M]>[0]

/** One user: the route, and what is sent to and from it. */
export class UserActor implements Actor {
  readonly #user: UserId
  readonly #context: ActorContext
  readonly #parts: UserActorParts
  readonly #token = randomUUID()
  readonly #unread: UnreadCounts
  readonly #snapshot: Snapshot
  readonly #sending: Sending
  readonly #acknowledging: Acknowledging
  readonly #connections: Connections
  readonly #memberships: Memberships
  readonly #membershipUpdates: MembershipUpdates
  readonly #circle: Circle
  readonly #presence: UserPresence
  readonly #ownMessages: OwnMessages
  readonly #revoking: Revoking
  readonly #joining: Joining
  readonly #offline: Offline
  readonly #replaying: Replaying
  readonly #customerSessions: CustomerSessions
  readonly #syncing: Syncing
  #subscriptions: (LogSubscription | BusSubscription)[] = []
  #unwatch: (() => void) | undefined

  constructor(context: ActorContext, parts: UserActorParts) {
    const { log, store, reader, cursors, bus, windowSize } = parts
    this.#user = context.id
    this.#context = context
    this.#parts = parts
    const groups = new Actors<GroupContract>(parts.calls, 'group')
    const exists = async (group: GroupId) =>
      this.#memberships.isMember(group) || (await store.groups.find(group)) !== undefined
    this.#memberships = new Memberships(this.#user, log, entry => this.#onStored(entry))
    const incoming = new IncomingMessages(this.#user, store.messages, reader)
    this.#unread = new UnreadCounts(this.#user, store, reader, cursors, incoming, this.#memberships)
    this.#snapshot = new Snapshot(context.state)
    this.#sending = new Sending(this.#user, {
      log,
      reader,
      windowSize,
      unread: this.#unread,
      groups: new GroupSending(this.#user, {
        log,
        groups,
        unread: this.#unread,
        exists,
        logger: parts.logger,
      }),
      recentIds: async () =>
        (await this.#snapshot.recentIds(this.#connections.previousEpoch)) ??
        (await store.messages.recentIds(this.#user, windowSize)),
    })
    this.#revoking = new Revoking(this.#user, { log, reader, groups, tell: event => this.#tell(event) })
    this.#replaying = new Replaying(this.#user, { log, store, bus, sending: this.#sending })
    this.#joining = new Joining(this.#user, { log, groups, exists })
    this.#connections = new Connections(this.#user, this.#token, this.#memberships, {
      ...parts,
      began: attachment => void this.#pushSummary(attachment),
      bound: attachment => this.#presence.bound(attachment),
      left: () => this.#presence.left(),
      confirmed: () => this.#presence.confirmed(),
      met: other => this.#presence.met(other),
    })
    const { watch, maxPartners, graceMs, intervalMs } = parts.presence
    this.#circle = new Circle(this.#user, {
      store,
      groups: () => this.#memberships.groups(),
      limit: maxPartners,
    })
    this.#presence = new UserPresence(this.#user, {
      watch,
      circle: this.#circle,
      connections: () => this.#connections,
      epoch: () => this.#connections.epoch,
      graceMs,
      intervalMs,
      logger: parts.logger,
    })
    this.#membershipUpdates = new MembershipUpdates(this.#user, {
      memberships: this.#memberships,
      connections: this.#connections,
      groups: store.groups,
      changed: () => this.#circle.outdated(),
      recount: () => this.#unread.recount(),
      logger: parts.logger,
    })
    this.#ownMessages = new OwnMessages(this.#user, {
      several: () => this.#connections.size > 1,
      push: (entry, except) => this.#connections.sent(entry, except),
    })
    this.#acknowledging = new Acknowledging(this.#user, {
      bus,
      reader,
      cursors,
      unread: this.#unread,
      isMine: stored => this.#isMine(stored),
      sharesUser: attachment => this.#connections.sharesUser(attachment),
      moved: (device, feed, seq) => this.#connections.delivered(device, feed, seq),
    })
    this.#offline = new Offline({
      incoming,
      isOpen: conversation => this.#isOpen(conversation),
      unread: this.#unread,
      read: message => this.#acknowledging.readReceipt(message),
    })
    this.#syncing = new Syncing(this.#user, {
      reader,
      isDelivered: seq => this.#connections.isDelivered(directFeed(this.#user), seq),
      whatIsRead: () => this.#unread.whatIsRead(this.#connections.settledBy),
    })
    this.#customerSessions = new CustomerSessions(this.#user, {
      bus,
      sessions: store.customerSessions,
      accounts: store.accounts,
    })
  }

  activate(): Promise<void> {
    return asOwner(this.#context, () => this.#activate())
  }

  invoke(method: string, args: unknown): Promise<unknown> {
    return asOwner(this.#context, async () => this.#run(method as Method, args))
  }

  /** Claims, subscribes, then reads: what is stored meanwhile is in what is read, or follows. */
  async #activate(): Promise<void> {
    const { log, bus, store } = this.#parts
    await this.#connections.claimRoute()
    this.#subscriptions = [
      log.watchClaims(userOwner(this.#user), this.#token, () => this.#context.drop('superseded')),
      log.follow(directFeed(this.#user), entry => this.#onStored(entry)),
      bus.subscribe(subjects.actorEvent('user', this.#user), message => this.#onNotice(message)),
    ]
    this.#unwatch = this.#parts.memberships.watch(
      this.#user,
      rows => void this.#membershipUpdates.updateAll(rows),
    )
    await Promise.all([log.flush(), bus.flush()])
    const rows = await store.users.load(this.#user)
    this.#unread.restore(rows)
    await this.#memberships.restore(rows.memberships, rows.position)
    this.#connections.restore(rows)
    this.#presence.restored(this.#connections.size > 0)
  }

  async deactivate(reason: DeactivateReason): Promise<void> {
    for (const subscription of this.#subscriptions) {
      if ('stop' in subscription) subscription.stop()
      else await subscription.drain()
    }
    this.#unwatch?.()
    this.#membershipUpdates.stop()
    this.#memberships.stop()
    this.#presence.stop(reason !== 'superseded')
    this.#connections.detach(reason)
    const { recentIds } = this.#sending
    if (reason === 'idle' && recentIds)
      await this.#snapshot.save({ epoch: this.#connections.epoch, recentIds })
    await this.#parts.cursors.flush()
  }

  mayIdle(): boolean {
    return this.#connections.size === 0 && this.#presence.quiet
  }

  async confirm(): Promise<boolean> {
    if (await this.#parts.log.isHeld(userOwner(this.#user), this.#token)) return true
    this.#context.drop('superseded')
    return false
  }

  #run(method: Method, args: unknown): unknown {
    switch (method) {
      case 'handle':
        return this.#handle(args as Args<'handle'>)
      case 'post':
        return this.#send((args as Args<'post'>).ops, undefined)
      case 'bind':
        return this.#connections.bind(args as Args<'bind'>)
      case 'touch':
        return this.#connections.touch(args as Args<'touch'>)
      case 'unbind':
        return this.#connections.unbind(args as Args<'unbind'>)
      case 'checkSession':
        return this.#connections.checkSession((args as Args<'checkSession'>).sv)
      case 'sessionRaised':
        return this.#connections.sessionRaised(args as Args<'sessionRaised'>)
      case 'unread':
        return this.#unread.list(this.#connections.settledBy)
      case 'offlineSummary':
        return this.#offline.summary(this.#connections.settledBy)
      case 'offlineMessages': {
        const { conversation, limit } = args as Args<'offlineMessages'>
        return this.#offline.messages(conversation, limit, this.#connections.settledBy)
      }
      case 'presence':
        return this.#presence.presences((args as Args<'presence'>).users)
      case 'acknowledgeRead':
        return this.#acknowledgeRead(args as Args<'acknowledgeRead'>)
      case 'replay': {
        const { fence, settledBy } = this.#connections
        return this.#replaying.replay(args as Args<'replay'>, fence, settledBy)
      }
      default:
        method satisfies never
        throw new Error(`a user has no method ${method}`)
    }
  }

  async #handle({ ops, ...ref }: ConnectionRef & { readonly ops: readonly Op[] }): Promise<HandleResult> {
    const attachment = this.#connections.find(ref)
    if ('reason' in attachment) return attachment
    const results = new Array<OpAnswer>(ops.length).fill(null)
    const sends: SendOp[] = []
    for (const [index, op] of ops.entries()) {
      if (op.op === 'send') sends.push(op)
      else results[index] = await this.#handleOther(attachment, op)
    }
    this.#acknowledging.sendReceipts()
    if (sends.length > 0) {
      const sent = (await this.#send(sends, ref.connId)).values()
      for (const [index, op] of ops.entries()) {
        if (op.op === 'send') results[index] = sent.next().value ?? null
      }
    }
    return { ok: true, results }
  }

  #send(ops: readonly SendOp[], connId: string | undefined): Promise<OpResult[]> {
    const tellOthers = this.#ownMessages.sending(ops, connId)
    return this.#sending.send(ops, this.#connections.fence, stored => {
      if (stored.entry.kind === 'direct') this.#presence.met(stored.entry.to)
      tellOthers(stored)
    })
  }

  #handleOther(attachment: Attachment, op: Exclude<Op, SendOp>): OpAnswer | Promise<OpAnswer> {
    switch (op.op) {
      case 'delivered':
      case 'read':
        return this.#acknowledging.acknowledge(attachment, op)
      case 'revoke':
        return this.#revoking.revoke(op, this.#connections.fence)
      case 'join-request':
        return this.#joining.request(op, this.#connections.fence)
      case 'join-decision':
        return this.#joining.decide(op, this.#connections.fence)
      case 'acknowledge':
        return this.#acknowledgeRead(op)
      case 'sync':
        return this.#syncing.page(op.after)
      case 'taken':
        attachment.taken(op.seq)
        return null
      case 'presence':
        return this.#presence.set(attachment, op)
      case 'presence-query':
        return this.#presence.query(attachment, op)
      default:
        return this.#customerSessions.handle(op)
    }
  }

  async #acknowledgeRead(acknowledgement: Acknowledgement): Promise<AcknowledgeResult> {
    const result = await this.#offline.acknowledge(acknowledgement, this.#connections.settledBy)
    this.#acknowledging.sendReceipts()
    return result
  }

  #isOpen(conversation: string): boolean {
    const name = parseConversation(conversation)
    if (name?.kind === 'group') return this.#memberships.isMember(name.groupId)
    return directPeer(conversation, this.#user) !== undefined
  }

  #isMine({ seq, feed }: LogEntry): boolean {
    return feed === directFeed(this.#user) || this.#memberships.isVisible(feed, seq)
  }

  #onStored(entry: LogEntry): void {
    this.#unread.incoming(entry)
    this.#connections.stored(entry)
    this.#ownMessages.stored(entry)
    this.#memberships.observe(entry)
    if (entry.entry.kind === 'direct') this.#presence.met(entry.entry.from)
    else if (entry.entry.kind === 'notice' && changesMembers(entry.entry.change)) this.#circle.outdated()
  }

  /** Other actors' events go to whoever is connected now. */
  #onNotice({ value, respond }: BusMessage): void {
    const notice = value as PushEvent | MembershipNotice | RecountNotice | PresenceNotice
    if (notice.kind === 'recount') {
      this.#unread.recount()
      return
    }
    if (notice.kind === 'presence-news' || notice.kind === 'presence-ask') {
      this.#presence.onNotice(notice, respond)
      return
    }
    if (notice.kind === 'membership') {
      this.#membershipUpdates.onNotice(notice, respond)
      return
    }
    this.#tell(notice)
  }

  #tell(event: PushEvent): void {
    for (const attachment of this.#connections) attachment.push(event)
  }

  async #pushSummary(attachment: Attachment): Promise<void> {
    try {
      const conversations = await this.#offline.summary(this.#connections.settledBy)
      if (conversations.length > 0) attachment.push({ kind: 'summary', conversations })
    } catch (error) {
      const { connId } = attachment.binding
      this.#parts.logger.warn({ err: error, user: this.#user, connId }, 'no summary of what is unread')
    }
  }
}
