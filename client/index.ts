/** The public door of the client library, for browsers and Node. Node only: `file-outbox.ts`. */
export type { PresenceStatus } from '../protocol/presence.ts'
export { AccountError, findUser, login, logout, refresh, type Session, verify } from './accounts.ts'
export type {
  ClientEvents,
  ClientState,
  GroupNotice,
  Message,
  Presence,
  Receipt,
  Refusal,
  Sign,
  SyncedMessage,
  SyncPage,
} from './events.ts'
export type { Draft, Target } from './frames.ts'
export { HomingClient, type HomingClientOptions } from './homing-client.ts'
export type { TokenSource } from './link.ts'
export { MemoryOutbox, type Outbox, type OutboxMessage } from './outbox.ts'
export type { Pacing } from './outlet.ts'
export { Refused } from './refused.ts'
export type { Sent } from './sender.ts'
export { sessionTokens } from './session-tokens.ts'
export { Unsupported } from './unsupported.ts'
export type { WebSocketClass, WebSocketLike } from './web-socket.ts'
export type { ProtocolName } from './wire-protocol.ts'
