import { randomUUID } from 'node:crypto'
import type { ChangeResult, GroupCommand, GroupContract } from '../actors/group/contract.ts'
import type { OpResult, SendOp, UserContract } from '../actors/user/contract.ts'
import type { Watermark } from '../messaging/watermark.ts'
import type { EntryPolicy } from '../protocol/groups.ts'
import type { GroupId, UserId } from '../protocol/ids.ts'
import type { Actors } from '../runtime/actor-runtime.ts'
import type { GroupStore } from '../storage/group-store.ts'

/** How long an answer waits for the saver, ms. */
const SAVED_WITHIN_MS = 10_000

export interface GroupsParts {
  readonly groups: Actors<GroupContract>
  readonly users: Actors<UserContract>
  readonly store: Pick<GroupStore, 'nextId'>
  readonly watermark: Watermark
}

/** A refusal by the actor, or no word of the saver in time: then the change may still come. */
export type Outcome = ChangeResult | { readonly ok: false; readonly reason: 'unsaved' }

/** What a gateway asks of groups' actors for its REST clients: answered once it is saved and known. */
export class Groups {
  readonly #parts: GroupsParts

  constructor(parts: GroupsParts) {
    this.#parts = parts
  }

  async create(
    by: UserId,
    name: string,
    policy: EntryPolicy,
    users: readonly UserId[],
  ): Promise<{ readonly group: GroupId; readonly outcome: Outcome }> {
    const group = await this.#parts.store.nextId()
    return { group, outcome: await this.change(group, by, { do: 'create', name, policy, users }) }
  }

  async change(group: GroupId, by: UserId, command: GroupCommand): Promise<Outcome> {
    const { groups, watermark } = this.#parts
    const result = await groups.call(group, 'change', { by, opId: randomUUID(), command })
    if (!result.ok) return result
    if (!(await watermark.reached(result.seq, SAVED_WITHIN_MS))) return { ok: false, reason: 'unsaved' }
    await groups.call(group, 'settle', { seq: result.seq })
    return result
  }

  /** Says something in a group; answered once it is saved, or undefined when it is not in time. */
  async send(from: UserId, message: SendOp): Promise<OpResult | undefined> {
    const { users, watermark } = this.#parts
    const [result = null] = await users.call(from, 'post', { ops: [message] })
    if (result === null || 'reason' in result) return result
    return (await watermark.reached(result.seq, SAVED_WITHIN_MS)) ? result : undefined
  }
}
