import { setTimeout as pause } from 'node:timers/promises'
import { groupConversation } from '../../protocol/ids.ts'
import type { HistoryWriter } from '../checker/history-writer.ts'
import type { Random } from '../random.ts'
import type { DrillUser } from './drill-user.ts'
import { changeMembership, createGroup, type MembershipCall } from './membership-calls.ts'

export interface DrillGroupsParts {
  readonly count: number
  readonly users: readonly DrillUser[]
  readonly history: HistoryWriter
  readonly random: Random
  /** The gateway for the next call. */
  readonly gateway: () => string
}

interface DrillGroup {
  readonly id: string
  readonly owner: DrillUser
  /** Who is let in and out. */
  readonly guests: readonly DrillUser[]
  /** As of the last answers. */
  readonly members: Set<DrillUser>
  /** Whose membership is being changed: one change of each at a time. */
  readonly changing: Set<DrillUser>
}

/** Users who may ever be in one group: what is said there is brought to all of them. */
const MOST_USERS = 24
/** Of these: how many a group begins with. */
const MEMBER_SHARE = 0.7
/** How often somebody speaks in any group, member or not. */
const OUTSIDER_CHANCE = 0.03
const REPEAT_AFTER_MS = 250

/** The groups of a drill, each over some of its users: their owners stay, everybody else comes and goes. */
export class DrillGroups {
  readonly #parts: DrillGroupsParts
  readonly #groups: DrillGroup[] = []
  readonly #underWay = new Set<Promise<void>>()
  #attempts = 0
  #closed = false

  constructor(parts: DrillGroupsParts) {
    this.#parts = parts
  }

  get ids(): readonly string[] {
    return this.#groups.map(({ id }) => id)
  }

  /** Makes the groups, each with an owner of its own. To be called before there are faults. */
  async start(): Promise<void> {
    const { count, random, gateway } = this.#parts
    const users = this.#parts.users.filter(speaksOfGroups)
    for (let index = 0; index < count; index++) {
      const owner = users[index % users.length]
      if (!owner) return
      const share = MOST_USERS / users.length
      const guests = users.filter(user => user !== owner && random.chance(share))
      const others = guests.filter(() => random.chance(MEMBER_SHARE))
      const names = others.map(({ name }) => name)
      const id = await createGroup({ gateway: gateway(), token: owner.token }, owner.name, names)
      // Its members hear of it by its notice; before the answer nobody could name it.
      this.#groups.push({ id, owner, guests, members: new Set([owner, ...others]), changing: new Set() })
    }
  }

  /** A group for this user to speak in, if there is one. */
  groupFor(user: DrillUser): string | undefined {
    const { random } = this.#parts
    if (!speaksOfGroups(user)) return undefined
    const own = this.#groups.filter(({ members }) => members.has(user))
    const some = random.chance(OUTSIDER_CHANCE) ? this.#groups : own
    return some.length === 0 ? undefined : random.pick(some).id
  }

  /** Lets somebody in or out of some group; repeated until it is known to be so. */
  change(): void {
    const { random } = this.#parts
    if (this.#groups.length === 0) return
    const group = random.pick(this.#groups)
    if (group.guests.length === 0) return
    const user = random.pick(group.guests)
    const goes = random.chance(0.5)
    if (group.changing.has(user)) return
    const kind = group.members.has(user) ? (goes ? 'leave' : 'remove') : 'join'
    const by = kind === 'leave' ? user : group.owner
    group.changing.add(user)
    const changing = this.#untilKnown(group, kind, by, user).finally(() => {
      group.changing.delete(user)
      this.#underWay.delete(changing)
    })
    this.#underWay.add(changing)
  }

  /** What is not as it will be: changes under way, and what members have not received of what their owner has. */
  missing(): string[] {
    const changing =
      this.#underWay.size > 0 ? [`${this.#underWay.size} changes of members are under way`] : []
    return [...changing, ...this.#groups.flatMap(group => this.#missingOf(group))]
  }

  /** Nobody waits for the changes under way any more. */
  close(): void {
    this.#closed = true
  }

  async #untilKnown(
    group: DrillGroup,
    kind: MembershipCall['do'],
    by: DrillUser,
    user: DrillUser,
  ): Promise<void> {
    for (;;) {
      const outcome = await this.#try(by, { do: kind, group: group.id, by: by.name, user: user.name })
      if (outcome !== 'unknown') break
      await pause(REPEAT_AFTER_MS)
      if (this.#closed) return
    }
    if (kind === 'join') group.members.add(user)
    else group.members.delete(user)
  }

  async #try(by: DrillUser, call: MembershipCall): Promise<'ok' | 'refused' | 'unknown'> {
    const { history, gateway } = this.#parts
    // Each try is a process of its own: the one before may still be under way.
    const line = {
      f: call.do,
      proc: `${by.name}~${++this.#attempts}`,
      by: call.by,
      users: [call.user],
      conv: groupConversation(call.group),
    } as const
    history.write({ type: 'invoke', ...line })
    const outcome = await changeMembership({ gateway: gateway(), token: by.token }, call)
    if (this.#closed) return outcome.kind
    if (outcome.kind === 'ok') history.write({ type: 'ok', ...line })
    else if (outcome.kind === 'unknown') history.write({ type: 'info', ...line })
    else history.write({ type: 'fail', ...line, reason: outcome.code })
    return outcome.kind
  }

  /** The owner is in all the time, so what the owner has heard is what the group is. */
  #missingOf({ id, owner }: DrillGroup): string[] {
    const members = new Set<string>()
    const missing = this.#parts.users.flatMap(user =>
      user
        .heardIn(id)
        .filter(({ seq, from }) => from === user.name && user !== owner && !owner.hasReceived(seq))
        .map(({ seq }) => `${owner.name} has not received ${seq} of group ${id} from ${user.name}`),
    )
    for (const { seq, from, change } of owner.heardIn(id)) {
      for (const user of change?.joined ?? []) members.add(user)
      for (const user of this.#parts.users) {
        if (!members.has(user.name) || user.name === from || user.hasReceived(seq)) continue
        missing.push(`${user.name} has not received ${seq} of group ${id}`)
      }
      for (const user of change?.gone ?? []) members.delete(user)
    }
    return missing
  }
}

/** MessagePack has no groups. */
const speaksOfGroups = ({ protocol }: DrillUser): boolean => protocol === 'json'
