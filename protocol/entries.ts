import type { UserId } from './ids.ts'

/**
 * The bodies of log entries. They are the JSON of the stream and, column by column, of the `message` table;
 * fields that do not apply are absent. `ts` is the accepting actor's clock in milliseconds since 1970.
 */
export type Entry = DirectEntry

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
