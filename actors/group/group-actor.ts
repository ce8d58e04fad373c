import { randomUUID } from 'node:crypto'
import {
  LogBusy,
  type LogEntry,
  type LogSubscription,
  LogUnavailable,
  Superseded,
} from '../../messaging/message-log.ts'
import {
  changeRepeatId,
  type GroupEntry,
  type NoticeEntry,
  type RevocationEntry,
} from '../../protocol/entries.ts'
import { REVOKE_WITHIN_MS } from '../../protocol/groups.ts'
import { type GroupId, groupFeed, groupOwner } from '../../protocol/ids.ts'
import type { Actor, ActorContext } from '../../runtime/actor-runtime.ts'
import { Recent } from '../../runtime/recent.ts'
import { asOwner } from '../as-owner.ts'
import type { FirstEntry } from '../feed-reader.ts'
import { answerRepeat } from '../first-entry.ts'
import type { OpResult } from '../user/contract.ts'
import { announcementOf } from './announcement-of.ts'
import type {
  ChangeRequest,
  ChangeResult,
  Deciders,
  GroupContract,
  GroupMessage,
  GroupRefusal,
} from './contract.ts'
import { fold, type GroupState, stateOf } from './group-state.ts'
import type { GroupActorParts } from './parts.ts'
import { judge, leads, refuseSpeech, type SpeechRefusal } from './rules.ts'
import { Sequencer } from './sequencer.ts'

type Method = keyof GroupContract
type Args<M extends Method> = Parameters<GroupContract[M]>[0]

const TAIL_PAGE = 500
/** An announcement that the activation before this one may have owed: members who joined so lately hear of it again. */
const OWED_MS = 120_000
/** Changes whose ids are at hand; older ones are looked up. */
const CHANGES_KEPT = 200

/** Messages whose refusal is remembered. */
const REFUSALS_KEPT = 2000
/** … and for how long, ms: twice as long as a call may be under way. */
const REFUSED_MS = 30_000

interface Refusal {
  readonly reason: SpeechRefusal
  readonly at: number
}

/** One group: its members, and the one order of what is said in it. */
export class GroupActor implements Actor {
  readonly #group: GroupId
  readonly #context: ActorContext
  readonly #parts: GroupActorParts
  readonly #token = randomUUID()
  readonly #sequencer: Sequencer
  /** The seqs of the last changes, by who asked and how it was named. */
  readonly #changes = new Map<string, number>()
  #state: GroupState | undefined
  readonly #refusals = new Recent<Refusal>(REFUSALS_KEPT)
  /** Everything of the feed up to this seq is folded into the state. */
  #foldedUpTo = 0
  #claims: LogSubscription | undefined

  constructor(context: ActorContext, parts: GroupActorParts) {
    this.#group = context.id
    this.#context = context
    this.#parts = parts
    this.#sequencer = new Sequencer(this.#group, parts.log, this.#token, () => context.drop('moved'))
  }

  activate(): Promise<void> {
    return asOwner(this.#context, () => this.#activate())
  }

  invoke(method: string, args: unknown): Promise<unknown> {
    return asOwner(this.#context, async () => this.#run(method as Method, args))
  }

  /** Claims, then reads: nobody else has written since. */
  async #activate(): Promise<void> {
    const { log, store } = this.#parts
    await this.#sequencer.claim()
    this.#claims = log.watchClaims(groupOwner(this.#group), this.#token, () =>
      this.#context.drop('superseded'),
    )
    await log.flush()
    const rows = await store.groups.load(this.#group)
    this.#state = rows && stateOf(rows)
    this.#foldedUpTo = rows?.position ?? 0
    await this.#foldTail()
    this.#announceLately()
  }

  async deactivate(): Promise<void> {
    this.#claims?.stop()
  }

  mayIdle(): boolean {
    return true
  }

  async confirm(): Promise<boolean> {
    if (await this.#sequencer.isLast()) return true
    this.#context.drop('superseded')
    return false
  }

  #run(method: Method, args: unknown): unknown {
    switch (method) {
      case 'send':
        return this.#send(args as Args<'send'>)
      case 'change':
        return this.#change(args as ChangeRequest)
      case 'settle':
        return this.#settle((args as Args<'settle'>).seq)
      case 'revoke':
        return this.#revoke(args as Args<'revoke'>)
      case 'deciders':
        return this.#deciders(args as Args<'deciders'>)
      case 'standing':
        return this.#standing(args as Args<'standing'>)
      default:
        method satisfies never
        throw new Error(`a group has no method ${method}`)
    }
  }

  async #send({ from, messages }: Args<'send'>): Promise<OpResult[]> {
    const results: OpResult[] = []
    // One judgement for all: of one who may not speak nothing is stored, also where that ends meanwhile.
    const silenced = refuseSpeech(this.#state, from, Date.now())
    for (const message of messages) {
      const refused = silenced ?? this.#refusedLately(from, message)
      const result = refused
        ? ((await this.#repeat(from, message)) ?? this.#refuse(from, message, refused))
        : await this.#store(from, message)
      results.push(result)
      if (!result || !('reason' in result) || silenced) continue
      // What comes behind it must not be stored before its sender has heard that it is not.
      if (result.reason === 'server_busy' || result.reason === refused) break
    }
    while (results.length < messages.length) results.push({ reason: 'server_busy' })
    return results
  }

  async #store(from: string, message: GroupMessage): Promise<OpResult> {
    const ordinal = this.#ordinal + 1
    const entry: GroupEntry = { kind: 'group', from, group: this.#group, ...message, ordinal, ts: Date.now() }
    try {
      const { seq, first } = await this.#append(entry)
      return first ? answerRepeat(entry, first) : { seq, ts: entry.ts }
    } catch (error) {
      if (error instanceof LogBusy || error instanceof LogUnavailable) return { reason: 'server_busy' }
      throw error
    }
  }

  /**
   * A message that was refused stays so, also once its sender has come in: a copy of the call may come late, when its
   * sender has been told no, and what was sent after it may have been stored.
   */
  #refuse(from: string, { clientMsgId }: GroupMessage, reason: SpeechRefusal): OpResult {
    this.#refusals.set(`${from}:${clientMsgId}`, { reason, at: Date.now() })
    return { reason }
  }

  #refusedLately(from: string, { clientMsgId }: GroupMessage): SpeechRefusal | undefined {
    const refusal = this.#refusals.get(`${from}:${clientMsgId}`)
    return refusal && Date.now() - refusal.at < REFUSED_MS ? refusal.reason : undefined
  }

  /**
   * A repeat of what is stored is answered as at first, whatever has become of its sender: the answer was lost, and who
   * is told no would take it for unsent. Undefined when it is no repeat.
   */
  async #repeat(from: string, message: GroupMessage): Promise<OpResult | undefined> {
    await this.#confirmLast()
    const seq = await this.#seqOf(from, message.clientMsgId)
    if (seq === undefined) return undefined
    return answerRepeat({ group: this.#group, ...message }, await this.#parts.reader.first(seq))
  }

  /** Under which seq a message of this group is stored, saved or not. */
  async #seqOf(from: string, clientMsgId: string): Promise<number | undefined> {
    const { log, store } = this.#parts
    for (let after = await store.messages.position(); ; ) {
      const tail = await log.read(groupFeed(this.#group), after, TAIL_PAGE)
      const found = tail.find(
        ({ entry }) => entry.kind === 'group' && entry.from === from && entry.clientMsgId === clientMsgId,
      )
      if (found) return found.seq
      after = tail.at(-1)?.seq ?? after
      if (tail.length < TAIL_PAGE) return await store.messages.seqOf(from, clientMsgId)
    }
  }

  /** The log fences what is written, not what is refused: that is only right while nobody has taken over. */
  async #confirmLast(): Promise<void> {
    if (!(await this.#sequencer.isLast())) throw new Superseded(groupOwner(this.#group))
  }

  async #change({ by, opId, command }: ChangeRequest): Promise<ChangeResult> {
    const before = this.#state
    const ts = Date.now()
    const known = await this.#changeOf(by, opId)
    if (known !== undefined) return { ok: true, seq: known }
    const judgement = judge(before, by, command, ts)
    if ('refused' in judgement) {
      await this.#confirmLast()
      return refused(judgement.refused)
    }
    const { change } = judgement
    const at = { group: this.#group, ordinal: this.#ordinal, ts }
    const entry: NoticeEntry = { kind: 'notice', from: by, opId, change, ...at }
    try {
      const { seq } = await this.#append(entry)
      const announcement = announcementOf(seq, entry, before)
      if (announcement) this.#parts.announcements.add(announcement)
      return { ok: true, seq }
    } catch (error) {
      if (error instanceof LogBusy || error instanceof LogUnavailable) return refused('busy')
      throw error
    }
  }

  async #settle(seq: number): Promise<null> {
    const { announcements, reader } = this.#parts
    const known = announcements.settle(seq)
    if (known) {
      await known
      return null
    }
    // Another activation made the change. Telling twice does no harm.
    const made = await reader.entry(seq)
    const owed = made?.entry.kind === 'notice' && announcementOf(seq, made.entry, undefined)
    if (owed) announcements.add(owed)
    await announcements.settle(seq)
    return null
  }

  async #revoke({ by, seq }: Args<'revoke'>): Promise<OpResult> {
    const found = await this.#parts.reader.entry(seq)
    const member = this.#state?.members.get(by)
    if (!member) return { reason: 'not_group_member' }
    if (found?.entry.kind !== 'group' || found.entry.group !== this.#group)
      return { reason: 'message_not_found' }
    const own = found.entry.from === by
    if (!own && !leads(member.role)) return { reason: 'not_message_sender' }
    const ts = Date.now()
    if (!found.revoked && !leads(member.role) && ts - found.entry.ts > REVOKE_WITHIN_MS)
      return { reason: 'revoke_timeout' }
    if (found.revoked) return { seq, ts }
    const at = { group: this.#group, ordinal: this.#ordinal, ts }
    const entry: RevocationEntry = { kind: 'revocation', from: by, target: seq, ...at }
    try {
      await this.#sequencer.append(entry)
      return { seq, ts }
    } catch (error) {
      if (error instanceof LogBusy || error instanceof LogUnavailable) return { reason: 'server_busy' }
      throw error
    }
  }

  #deciders({ asker }: Args<'deciders'>): Deciders {
    const member = this.#state?.members.get(asker)
    if (member) return { kind: 'member', seq: member.joinedSeq, ts: member.joinedAt }
    if (!this.#state || this.#state.dissolved || this.#state.policy !== 'approval') return { kind: 'closed' }
    const users = [...this.#state.members].flatMap(([user, { role }]) => (leads(role) ? [user] : []))
    return { kind: 'ask', users }
  }

  #standing({ user }: Args<'standing'>) {
    const member = this.#state?.members.get(user)
    return { member: member !== undefined, lead: member !== undefined && leads(member.role) }
  }

  get #ordinal(): number {
    return this.#state?.lastOrdinal ?? 0
  }

  /**
   * Appends and folds; answers what was there before where the log calls it a repeat. That may be this activation's own
   * append, of which the first answer was lost: then it is in this feed and nobody has folded it yet.
   */
  async #append(entry: GroupEntry | NoticeEntry): Promise<{ seq: number; first?: FirstEntry }> {
    const feed = groupFeed(this.#group)
    const { seq, duplicate } = await this.#sequencer.append(entry)
    if (!duplicate) {
      this.#apply({ seq, feed, entry })
      return { seq }
    }
    const first = await this.#firstOf(seq)
    if (first.stored.feed === feed && seq > this.#foldedUpTo) this.#apply(first.stored)
    return { seq, first }
  }

  /** Where it cannot be had now, only a new activation can find out what the feed holds. */
  async #firstOf(seq: number): Promise<FirstEntry> {
    try {
      const first = await this.#parts.reader.first(seq)
      if (first) return first
      throw new LogUnavailable(`${seq} is neither in the log nor in the database`)
    } catch (error) {
      this.#context.drop('moved')
      throw new LogUnavailable(`what the log calls a repeat of ${seq} cannot be read`, { cause: error })
    }
  }

  #apply(stored: LogEntry): void {
    this.#state = fold(this.#state, stored)
    this.#foldedUpTo = stored.seq
    const { entry } = stored
    if (entry.kind !== 'notice') return
    this.#changes.set(`${entry.from}:${entry.opId}`, stored.seq)
    const [oldest] = this.#changes.keys()
    if (this.#changes.size > CHANGES_KEPT && oldest !== undefined) this.#changes.delete(oldest)
  }

  /** The seq of a change that was asked for before. */
  async #changeOf(by: string, opId: string): Promise<number | undefined> {
    const kept = this.#changes.get(`${by}:${opId}`)
    return kept ?? (await this.#parts.store.messages.seqOf(by, changeRepeatId(opId)))
  }

  async #foldTail(): Promise<void> {
    for (;;) {
      const tail = await this.#parts.log.read(groupFeed(this.#group), this.#foldedUpTo, TAIL_PAGE)
      for (const stored of tail) {
        const before = this.#state
        this.#apply(stored)
        const owed = stored.entry.kind === 'notice' && announcementOf(stored.seq, stored.entry, before)
        if (owed) this.#parts.announcements.add(owed)
      }
      if (tail.length < TAIL_PAGE) return
    }
  }

  #announceLately(): void {
    const since = Date.now() - OWED_MS
    const lately = new Map<number, string[]>()
    for (const [user, { joinedSeq, joinedAt }] of this.#state?.members ?? []) {
      if (joinedAt < since) continue
      const users = lately.get(joinedSeq)
      if (users) users.push(user)
      else lately.set(joinedSeq, [user])
    }
    for (const [seq, users] of lately)
      this.#parts.announcements.add({
        notice: { kind: 'membership', group: this.#group, seq, member: true },
        users,
      })
  }
}

const refused = (reason: GroupRefusal): ChangeResult => ({ ok: false, reason })
