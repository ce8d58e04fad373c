import { type ServerFrame, textId } from './frames.ts'

/** Where the client stands. `closed` is where it begins and ends; it leaves it by `connect()` only. */
export type ClientState =
  | { readonly name: 'connecting'; readonly failures: number }
  | { readonly name: 'online'; readonly userId: string }
  | { readonly name: 'waiting'; readonly reason: string; readonly delayMs: number }
  | { readonly name: 'closed'; readonly reason: string; readonly code?: number }

/** A message as it arrived. `serverMsgId` is its seq in decimal; it orders all messages of a conversation. */
export interface Message {
  readonly serverMsgId: string
  readonly clientMsgId?: string
  readonly from: string
  readonly to?: string
  readonly groupId?: string
  readonly body: string
  readonly msgType: string
  readonly mentions?: readonly string[]
  readonly replyToServerMsgId?: string
  readonly important?: boolean
  /** The server's clock, ms since 1970; in whole seconds on MessagePack. */
  readonly ts: number
}

/** A message to this user, as a sync answers it. */
export interface SyncedMessage extends Message {
  readonly status: 'sent' | 'delivered' | 'read'
}

export interface SyncPage {
  /** By seq. */
  readonly messages: readonly SyncedMessage[]
  /** There are more after the last of these. */
  readonly hasMore: boolean
}

/** A change in a group: created, joined, left, removed, role, muted, renamed, dissolved. */
export interface GroupNotice {
  readonly groupId: string
  readonly serverMsgId: string
  readonly event: string
  readonly from: string
  readonly users: readonly string[]
  readonly body?: string
  readonly ts: number
}

/** The server's answer to a send. */
export interface Receipt {
  readonly clientMsgId: string
  readonly serverMsgId: string
  /** The server's clock, ms since 1970; 0 on MessagePack, which does not say. */
  readonly ts: number
}

/** A sign of the recipient about a message of mine, best effort. */
export interface Sign {
  readonly serverMsgId: string
  readonly from: string
}

export interface Presence {
  readonly userId: string
  readonly status: string
  /** The server's clock, ms since 1970; 0 on MessagePack, which does not say. */
  readonly ts: number
}

export interface Refusal {
  /**
   * A `reason` of protocol/errors.ts, or one that a newer server invented. `unsupported`: the protocol cannot carry a
   * message of an earlier run, which stays in the outbox for a client of the other protocol.
   */
  readonly reason: string
  /** The client goes on by itself and repeats the message. */
  readonly retryable: boolean
  readonly clientMsgId?: string
  readonly serverMsgId?: string
}

export interface ClientEvents {
  state: ClientState
  /** Once for each message, in the order of its feed; acknowledged when its listeners are done. */
  message: Message
  /** A message that came again; nothing to do, drills count them. */
  duplicate: { readonly serverMsgId: string }
  /** The log has it: it survives the death of any process. Also for messages left by an earlier run. */
  accepted: Receipt
  /** The database has it, and history shows it. */
  saved: Receipt
  delivered: Sign
  read: Sign
  revoked: Sign
  notify: GroupNotice
  presence: Presence
  /** A newer connection of this user took over; `state` says closed as well. */
  kicked: { readonly reason: string }
  refused: Refusal
}

export function messageOf(frame: ServerFrame): Message {
  return {
    serverMsgId: textId(frame.serverMsgId),
    ...(frame.clientMsgId !== undefined && { clientMsgId: frame.clientMsgId }),
    from: textId(frame.from),
    ...(frame.to !== undefined && { to: textId(frame.to) }),
    ...(frame.groupId !== undefined && { groupId: textId(frame.groupId) }),
    body: frame.body ?? '',
    msgType: frame.msgType ?? 'TEXT',
    ...(frame.mentions !== undefined && { mentions: frame.mentions.map(textId) }),
    ...(frame.replyToServerMsgId !== undefined && { replyToServerMsgId: textId(frame.replyToServerMsgId) }),
    ...(frame.important !== undefined && { important: frame.important }),
    ts: frame.ts ?? 0,
  }
}

export const syncPageOf = (frame: ServerFrame): SyncPage => ({
  messages: (frame.messages ?? []).map(each => ({ ...messageOf(each), status: syncStatusOf(each) })),
  hasMore: frame.hasMore ?? false,
})

const syncStatusOf = ({ status }: ServerFrame): SyncedMessage['status'] =>
  status === 'delivered' || status === 'read' ? status : 'sent'

export const noticeOf = (frame: ServerFrame): GroupNotice => ({
  groupId: textId(frame.groupId),
  serverMsgId: textId(frame.serverMsgId),
  event: frame.event ?? '',
  from: textId(frame.from),
  users: (frame.users ?? []).map(textId),
  ...(frame.body !== undefined && { body: frame.body }),
  ts: frame.ts ?? 0,
})

export const signOf = (frame: ServerFrame): Sign => ({
  serverMsgId: textId(frame.serverMsgId),
  from: textId(frame.from),
})

export const presenceOf = (frame: ServerFrame): Presence => ({
  userId: textId(frame.from),
  status: frame.status ?? '',
  ts: frame.ts ?? 0,
})
