import type { Content } from '../../protocol/entries.ts'
import type { EntryPolicy } from '../../protocol/groups.ts'
import type { UserId } from '../../protocol/ids.ts'
import type { OpResult } from '../user/contract.ts'

/**
 * The group's actor: it alone writes the group's feed, and decides who may.
 *
 * - A group's messages have one order, that of their ordinals, without gaps.
 * - Repeating a call is harmless: messages are known by their sender and clientMsgId, stored ones for good and refused
 *   ones for as long as a call may be under way; changes by who asked and opId.
 * - `change` answers once the log has it. The change is in the tables, and the users whom it concerns know it, when
 *   `settle` answers; that it happens does not depend on anybody asking.
 */
export interface GroupContract {
  /**
   * One result a message, in their order. After one that may be repeated (`server_busy`) none is stored, nor after one
   * that is still refused although its sender has come in.
   */
  send(args: { readonly from: UserId; readonly messages: readonly GroupMessage[] }): readonly OpResult[]
  change(args: ChangeRequest): ChangeResult
  /** Once the entry `seq`, the answer of a change, is saved: resolves when those whom it concerns know it. */
  settle(args: { readonly seq: number }): null
  /** Takes back the message `seq`. */
  revoke(args: { readonly by: UserId; readonly seq: number }): OpResult
  /** Who decides whether `asker` may come in. */
  deciders(args: { readonly asker: UserId }): Deciders
  /** What a user is to the group. */
  standing(args: { readonly user: UserId }): { readonly member: boolean; readonly lead: boolean }
}

export interface GroupMessage extends Content {
  readonly clientMsgId: string
}

export interface ChangeRequest {
  readonly by: UserId
  readonly opId: string
  readonly command: GroupCommand
}

export type GroupCommand =
  | {
      readonly do: 'create'
      readonly name: string
      readonly policy: EntryPolicy
      readonly users: readonly UserId[]
    }
  | { readonly do: 'rename'; readonly name: string }
  | { readonly do: 'add'; readonly users: readonly UserId[] }
  | { readonly do: 'remove'; readonly user: UserId }
  | { readonly do: 'role'; readonly user: UserId; readonly role: 'admin' | 'member' }
  /** `seconds` 0 ends it. */
  | { readonly do: 'mute-member'; readonly user: UserId; readonly seconds: number }
  | { readonly do: 'mute-group'; readonly muted: boolean }
  | { readonly do: 'dissolve' }

export type ChangeResult =
  | { readonly ok: true; readonly seq: number }
  | { readonly ok: false; readonly reason: GroupRefusal }

/** `busy`: nothing was changed, or it is not known; the same may be asked again. */
export type GroupRefusal =
  | 'not_found'
  | 'not_member'
  | 'no_permission'
  | 'already_member'
  | 'owner_stays'
  | 'bad_name'
  | 'too_many_members'
  | 'member_not_found'
  | 'dissolved'
  | 'busy'

/** `closed`: there is no such group, or it takes nobody who asks. */
export type Deciders =
  | { readonly kind: 'ask'; readonly users: readonly UserId[] }
  | { readonly kind: 'member'; readonly seq: number; readonly ts: number }
  | { readonly kind: 'closed' }
