import type { GroupRefusal } from '../../actors/group/contract.ts'
import type { Reason } from '../../protocol/errors.ts'
import type { HttpReason } from './refusals.ts'

/** How a group's actor's refusals read here. */
export const groupReasons = {
  not_found: 'group_not_found',
  not_member: 'group_not_member',
  no_permission: 'group_no_permission',
  already_member: 'group_already_member',
  owner_stays: 'group_owner_stays',
  bad_name: 'group_bad_name',
  too_many_members: 'group_too_many_members',
  member_not_found: 'group_member_not_found',
  dissolved: 'group_dissolved',
  busy: 'internal_error',
  unsaved: 'internal_error',
} as const satisfies Record<GroupRefusal | 'unsaved', HttpReason>

/** The same for a message; what may be repeated is no fault of the message. */
export function sendReasons(reason: Reason): HttpReason {
  if (reason === 'group_speak_muted') return 'group_muted'
  return reason === 'server_busy' ? 'internal_error' : 'group_bad_message'
}
