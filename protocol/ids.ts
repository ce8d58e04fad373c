/** Names of users, conversations, feeds and owners. Source: the JSON contract, "Envelope". */

const USER_ID = /^[A-Za-z0-9_@-]{1,64}$/
const CLIENT_MSG_ID = /^[\x20-\x7e]{1,128}$/
const SEQ = /^[1-9][0-9]{0,15}$/

export type UserId = string
/** Given by the server: a decimal number. Clients may write whatever a user id may be. */
export type GroupId = string

/** 1–64 characters of `[A-Za-z0-9_@-]`, so that an id can stand in a subject and in a URL. */
export const isUserId = (value: unknown): value is UserId => typeof value === 'string' && USER_ID.test(value)

/** 1–128 printable ASCII characters. */
export const isClientMsgId = (value: unknown): value is string =>
  typeof value === 'string' && CLIENT_MSG_ID.test(value)

/** A seq as written on a wire (decimal string or safe integer), or undefined when it is none. */
export function parseSeq(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value > 0 ? value : undefined
  if (typeof value !== 'string' || !SEQ.test(value)) return undefined
  const seq = Number(value)
  return Number.isSafeInteger(seq) ? seq : undefined
}

/** `direct:<a>:<b>` with the ids sorted by code unit, the same for both sides. */
export const directConversation = (a: UserId, b: UserId): string =>
  a < b ? `direct:${a}:${b}` : `direct:${b}:${a}`

export const groupConversation = (groupId: GroupId): string => `group:${groupId}`

/** To whom something goes: a user or a group. */
export type Recipient = { readonly to: UserId } | { readonly group: GroupId }

/** Tells recipients apart: no user's id is like a group's conversation. */
export const recipientOf = (message: Recipient): string =>
  'to' in message ? message.to : groupConversation(message.group)

export type ConversationName =
  | { kind: 'direct'; users: [UserId, UserId] }
  | { kind: 'group'; groupId: GroupId }

/** The parts of a conversation id, or undefined when it is none. */
export function parseConversation(id: string): ConversationName | undefined {
  const [kind, first = '', second, ...rest] = id.split(':')
  if (rest.length > 0 || !isUserId(first)) return undefined
  if (kind === 'group' && second === undefined) return { kind: 'group', groupId: first }
  if (kind === 'direct' && isUserId(second) && first < second)
    return { kind: 'direct', users: [first, second] }
  return undefined
}

/** The other user of a direct conversation of `user`, or undefined when it is not theirs. */
export function directPeer(conversation: string, user: UserId): UserId | undefined {
  const name = parseConversation(conversation)
  if (name?.kind !== 'direct') return undefined
  const [a, b] = name.users
  return a === user ? b : b === user ? a : undefined
}

/** A feed is a log subject without its `im.` prefix: `direct.<user>` or `group.<group>`. */
export type Feed = string
export const directFeed = (user: UserId): Feed => `direct.${user}`
export const groupFeed = (groupId: GroupId): Feed => `group.${groupId}`

/** An owner is the subject of an ownership claim without its prefix: `owner.<user>` or `gowner.<group>`. */
export type Owner = string
export const userOwner = (user: UserId): Owner => `owner.${user}`
export const groupOwner = (groupId: GroupId): Owner => `gowner.${groupId}`
