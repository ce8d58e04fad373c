import { directPeer, parseConversation, type UserId } from '../../protocol/ids.ts'
import type { GroupStore, Span } from '../../storage/group-store.ts'

/**
 * Says what a user is to a conversation: `unknown` when there is none of this name. A group's history is for a member,
 * also a former one, what lies in the `spans` between joining and leaving.
 */
export type Membership = (conversation: string, user: UserId) => Promise<Access>

export type Access =
  | { readonly as: 'member'; readonly spans?: readonly Span[] }
  | { readonly as: 'outsider' | 'unknown' }

/** Direct conversations are between the two in their name; groups know who was in. */
export const membershipIn =
  (groups: Pick<GroupStore, 'find' | 'spans'>): Membership =>
  async (conversation, user) => {
    const name = parseConversation(conversation)
    if (name?.kind === 'direct')
      return { as: directPeer(conversation, user) === undefined ? 'outsider' : 'member' }
    if (name?.kind !== 'group') return { as: 'unknown' }
    const spans = await groups.spans(name.groupId, user)
    if (spans.length > 0) return { as: 'member', spans }
    return { as: (await groups.find(name.groupId)) ? 'outsider' : 'unknown' }
  }
