import type { PresenceStatus } from '../protocol/presence.ts'

/**
 * What this client and a server say to each other, in the words of the JSON contract: a wire protocol writes and reads
 * them its own way. Absent fields are omitted, never null.
 */

export type ClientFrame =
  /** `ordered`: after a refused send, refuse what follows in its conversation until it is repeated. */
  | { readonly type: 'AUTH'; readonly token: string; readonly ordered: true }
  | { readonly type: 'REAUTH'; readonly token: string }
  | { readonly type: 'PING' }
  | ({ readonly type: 'SINGLE_CHAT' | 'GROUP_CHAT'; readonly clientMsgId: string } & Draft)
  | {
      readonly type: 'ACK'
      readonly ackType: 'delivered' | 'read'
      readonly serverMsgId: string
      /** Everything of the message's feed that was pushed up to it. */
      readonly upTo?: true
    }
  | { readonly type: 'MESSAGE_REVOKE'; readonly clientMsgId: string; readonly serverMsgId: string }
  /** Asks for a page of the messages to this user whose seq is greater; `clientMsgId` names the question. */
  | { readonly type: 'SYNC'; readonly clientMsgId: string; readonly after: string }
  | { readonly type: 'PRESENCE'; readonly status: PresenceStatus }
  | { readonly type: 'PRESENCE'; readonly users: readonly string[] }

/** A recipient: a user (1–64 characters of `[A-Za-z0-9_@-]`) or a group. */
export type Target =
  | { readonly to: string; readonly groupId?: never }
  | { readonly groupId: string; readonly to?: never }

/** What an application sends. */
export type Draft = Target & {
  /** At most 4,096 characters. */
  readonly body: string
  /** TEXT when absent. */
  readonly msgType?: string
  readonly mentions?: readonly string[]
  readonly replyToServerMsgId?: string
  readonly important?: boolean
  /** When the sender wrote it, in ms since 1970. */
  readonly ts?: number
}

export const messageFrame = (message: Draft & { readonly clientMsgId: string }): ClientFrame => ({
  type: message.to === undefined ? 'GROUP_CHAT' : 'SINGLE_CHAT',
  ...message,
})

/** An id as a server may write it. This one writes strings; others wrote numbers. */
type WireId = string | number

/** One flat object; which fields are there depends on `type`. */
export interface ServerFrame {
  readonly type: string
  readonly clientMsgId?: string
  readonly serverMsgId?: WireId
  readonly from?: WireId
  readonly to?: WireId
  readonly groupId?: WireId
  readonly ackType?: string
  readonly msgType?: string
  readonly body?: string
  readonly mentions?: readonly WireId[]
  readonly replyToServerMsgId?: WireId
  readonly important?: boolean
  readonly ts?: number
  readonly reason?: string
  readonly event?: string
  readonly users?: readonly WireId[]
  readonly status?: string
  readonly messages?: readonly ServerFrame[]
  readonly hasMore?: boolean
}

/** An id as this client's applications see it. */
export const textId = (id: WireId | undefined): string => (id === undefined ? '' : String(id))
