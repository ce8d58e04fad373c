import { CloseCode } from './close-codes.ts'

/**
 * What follows a refusal on its connection: `keep` it, `count` towards the limit of protocol errors,
 * `pace` (the frame is refused; the third in ten seconds closes), or close with a code.
 */
export type Consequence = 'keep' | 'count' | 'pace' | CloseCode

export interface Refusal {
  readonly message: string
  /** The same request, repeated unchanged with the same id, may succeed later. */
  readonly retryable: boolean
  readonly then: Consequence
}

const refusal = (message: string, then: Consequence = 'keep', retryable = false): Refusal => ({
  message,
  retryable,
  then,
})

/** Every refusal a client can meet. The key is the `reason` on the wire. */
export const refusals = {
  kicked: refusal('a newer connection of this user has been bound', CloseCode.kicked),
  session_invalid: refusal('the session version has been raised', CloseCode.sessionInvalid),
  token_expired: refusal('the access token is past its exp', CloseCode.tokenExpired),
  unauthorized: refusal('the connection is not authenticated', CloseCode.unauthorized),
  auth_timeout: refusal('no authentication in time', CloseCode.authTimeout),
  reauth_uid_mismatch: refusal('the token is of another user', CloseCode.unauthorized),
  invalid_token: refusal('the access token is not valid', CloseCode.unauthorized),
  missing_token: refusal('an access token is needed', CloseCode.unauthorized),

  too_many_requests: refusal('over the rate limit; the frame was not handled', 'pace', true),
  bad_json: refusal('the frame is not a JSON object', 'count'),
  bad_msgpack: refusal('the frame is not a MessagePack map of type, seq and payload', 'count'),
  bad_frame: refusal('the frame is not one of its protocol', CloseCode.protocolError),
  not_your_queue: refusal('only one’s own queues can be listened to', CloseCode.protocolError),
  too_many_subscriptions: refusal('the connection has too many subscriptions', CloseCode.protocolError),
  missing_type: refusal('the frame has no type', 'count'),
  not_implemented: refusal('unknown frame type', 'count'),

  server_busy: refusal('not stored now; repeat with the same clientMsgId', 'keep', true),
  internal_error: refusal('unexpected failure; repeat with the same clientMsgId', 'keep', true),

  bad_payload: refusal('the payload is not a MessagePack map within the limits'),
  missing_msg_id: refusal('clientMsgId is missing'),
  missing_to: refusal('the recipient is missing'),
  missing_group_id: refusal('groupId is missing'),
  missing_body: refusal('body is missing'),
  missing_ack_type: refusal('ackType is missing or unknown'),
  missing_server_msg_id: refusal('serverMsgId is missing'),
  bad_msg_id: refusal('clientMsgId must be 1–128 printable ASCII characters'),
  bad_to: refusal('the recipient is not a user id'),
  bad_server_msg_id: refusal('serverMsgId is not a decimal number'),
  body_too_long: refusal('the body is over its limit'),
  cannot_send_to_self: refusal('sender and recipient are the same'),
  message_not_found: refusal('no such message'),
  ack_not_allowed: refusal('the message was not sent to this user'),
  not_group_member: refusal('not a member of the group'),
  group_speak_muted: refusal('muted in the group'),
  not_message_sender: refusal('only its sender may do this'),
  revoke_timeout: refusal('too old to be revoked'),
  client_msg_id_conflict: refusal('this clientMsgId stands for another message'),
  unknown_destination: refusal('nothing is behind this destination'),
  bad_msg_type: refusal('the message is of no type that the protocol knows'),
  bad_presence: refusal('status must be online, away or offline; users, 1–100 user ids'),
  too_many_beyond_cursor: refusal('too many messages are read beyond unread ones; begin with the oldest'),
  agents_only: refusal('only agents may do this'),
  customer_session_not_found: refusal('no such customer session'),
  customer_session_taken: refusal('another agent has the session, or it is closed'),
} as const satisfies Record<string, Refusal>

export type Reason = keyof typeof refusals

/** Whether a value is a `reason` of the catalogue. */
export const isReason = (value: unknown): value is Reason =>
  typeof value === 'string' && Object.hasOwn(refusals, value)

/** A promise that this server could not keep; `reason` is how a client reads it. */
export class HomingError extends Error {
  readonly reason: Reason

  constructor(reason: Reason, detail?: string, options?: ErrorOptions) {
    super(detail ?? refusals[reason].message, options)
    this.name = 'HomingError'
    this.reason = reason
  }
}
