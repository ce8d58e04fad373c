import { directPeer, parseConversation, type UserId } from '../../protocol/ids.ts'

/** Says what a user is to a conversation: `unknown` when there is none of this name. */
export type Membership = (conversation: string, user: UserId) => Promise<'member' | 'outsider' | 'unknown'>

/** Direct conversations are between the two in their name; others are unknown here. */
export const directMembership: Membership = async (conversation, user) => {
  if (parseConversation(conversation)?.kind !== 'direct') return 'unknown'
  return directPeer(conversation, user) === undefined ? 'outsider' : 'member'
}
