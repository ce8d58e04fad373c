import type { NoticeEntry } from '../../protocol/entries.ts'
import { joinedBy } from '../../protocol/groups.ts'
import type { Announcement } from './announcements.ts'
import type { GroupState } from './group-state.ts'

/** Whom a change concerns, who has to know it: those who are in by it, or out. `before`: the group that it changed. */
export function announcementOf(
  seq: number,
  { group, from, change }: NoticeEntry,
  before: GroupState | undefined,
): Announcement | undefined {
  const told = (member: boolean, users: Iterable<string>): Announcement => ({
    notice: { kind: 'membership', group, seq, member },
    users: [...users],
  })
  switch (change.event) {
    case 'created':
    case 'joined':
      return told(true, joinedBy(change, from))
    case 'removed':
      return told(false, change.users)
    case 'left':
      return told(false, [from])
    case 'dissolved':
      return told(false, before?.members.keys() ?? [])
    default:
      return undefined
  }
}
