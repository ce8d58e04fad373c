import type { GroupChange } from './groups.ts'
import type { GroupId, UserId } from './ids.ts'

/**
 * The bodies of log entries. They are the JSON of the stream and, column by column, of the `message` table;
 * fields that do not apply are absent. `ts` is the accepting actor's clock in milliseconds since 1970.
 */
export type Entry = MessageEntry | NoticeEntry | RevocationEntry | JoinRequestEntry | JoinDecisionEntry

/** What people write to each other: history shows it, unread counts it. */
export type MessageEntry = DirectEntry | GroupEntry

/** What a sender writes and every reader of a message sees. */
export interface Content {
  readonly body: string
  /** TEXT, IMAGE, …: free for clients to define, at most 32 characters. */
  readonly msgType: string
  readonly mentions?: readonly UserId[]
  readonly replyTo?: number
  readonly important?: boolean
}

export interface DirectEntry extends Content {
  readonly kind: 'direct'
  readonly from: UserId
  readonly to: UserId
  readonly clientMsgId: string
  readonly ts: number
}

export interface GroupEntry extends Content {
  readonly kind: 'group'
  readonly from: UserId
  readonly group: GroupId
  readonly clientMsgId: string
  /** The group's messages count from 1 without gaps. */
  readonly ordinal: number
  readonly ts: number
}

/** A change of a group, among its messages. */
export interface NoticeEntry {
  readonly kind: 'notice'
  readonly from: UserId
  readonly group: GroupId
  /** Names the operation, which its sender may repeat. */
  readonly opId: string
  readonly change: GroupChange
  /** Of the last message before it; 0 when there is none. */
  readonly ordinal: number
  readonly ts: number
}

/** Takes a message back, in the feed that the message is in. */
export interface RevocationEntry {
  readonly kind: 'revocation'
  readonly from: UserId
  /** The recipient of a direct message. */
  readonly to?: UserId
  readonly group?: GroupId
  /** The message's seq. */
  readonly target: number
  /** In a group, of the last message before it. */
  readonly ordinal?: number
  readonly ts: number
}

/** Somebody asks to become a member: in the feed of each who may decide. */
export interface JoinRequestEntry {
  readonly kind: 'join-request'
  readonly from: UserId
  readonly to: UserId
  readonly group: GroupId
  /** As the asker's client named the request. */
  readonly clientMsgId: string
  readonly opId: string
  readonly body: string
  readonly ts: number
}

/** The answer, in the feed of who has asked. */
export interface JoinDecisionEntry {
  readonly kind: 'join-decision'
  readonly from: UserId
  readonly to: UserId
  readonly group: GroupId
  readonly opId: string
  readonly accept: boolean
  readonly ts: number
}

export const isMessage = (entry: Entry): entry is MessageEntry =>
  entry.kind === 'direct' || entry.kind === 'group'

/**
 * Under which its sender may repeat an entry. What is no message has ids that no client can choose: theirs are
 * printable.
 */
export function repeatIdOf(entry: Entry): string {
  switch (entry.kind) {
    case 'direct':
    case 'group':
      return entry.clientMsgId
    case 'notice':
      return changeRepeatId(entry.opId)
    case 'revocation':
      return `\trevoke:${entry.target}`
    case 'join-request':
      return `\task:${entry.opId}`
    case 'join-decision':
      return `\tdecide:${entry.opId}`
    default:
      return entry satisfies never
  }
}

export const changeRepeatId = (opId: string): string => `\tchange:${opId}`

/** `<sender>:<id>`: what the log tells repeats by. */
export const dedupeIdOf = (entry: Entry): string => `${entry.from}:${repeatIdOf(entry)}`
