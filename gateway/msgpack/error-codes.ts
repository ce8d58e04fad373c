import { type Reason, refusals } from '../../protocol/errors.ts'

export type ErrorCode =
  | 'WS_INVALID_MESSAGE'
  | 'WS_NOT_AUTHENTICATED'
  | 'WS_AUTH_FAILED'
  | 'WS_INVALID_PAYLOAD'
  | 'WS_USER_NOT_FOUND'
  | 'WS_RATE_LIMITED'
  | 'WS_INTERNAL_ERROR'

/**
 * How each reason of the catalogue reads for these clients. Source: document 004, 5.1. Users need no account, so
 * WS_USER_NOT_FOUND is what nobody's id can be.
 */
const codes = {
  kicked: 'WS_NOT_AUTHENTICATED',
  unauthorized: 'WS_NOT_AUTHENTICATED',
  auth_timeout: 'WS_NOT_AUTHENTICATED',
  session_invalid: 'WS_AUTH_FAILED',
  token_expired: 'WS_AUTH_FAILED',
  reauth_uid_mismatch: 'WS_AUTH_FAILED',
  invalid_token: 'WS_AUTH_FAILED',
  missing_token: 'WS_AUTH_FAILED',

  too_many_requests: 'WS_RATE_LIMITED',
  bad_json: 'WS_INVALID_MESSAGE',
  bad_msgpack: 'WS_INVALID_MESSAGE',
  bad_frame: 'WS_INVALID_MESSAGE',
  missing_type: 'WS_INVALID_MESSAGE',
  not_implemented: 'WS_INVALID_MESSAGE',

  server_busy: 'WS_INTERNAL_ERROR',
  internal_error: 'WS_INTERNAL_ERROR',

  bad_to: 'WS_USER_NOT_FOUND',

  bad_payload: 'WS_INVALID_PAYLOAD',
  missing_to: 'WS_INVALID_PAYLOAD',
  missing_msg_id: 'WS_INVALID_PAYLOAD',
  missing_group_id: 'WS_INVALID_PAYLOAD',
  missing_body: 'WS_INVALID_PAYLOAD',
  missing_ack_type: 'WS_INVALID_PAYLOAD',
  missing_server_msg_id: 'WS_INVALID_PAYLOAD',
  bad_msg_id: 'WS_INVALID_PAYLOAD',
  bad_server_msg_id: 'WS_INVALID_PAYLOAD',
  body_too_long: 'WS_INVALID_PAYLOAD',
  cannot_send_to_self: 'WS_INVALID_PAYLOAD',
  message_not_found: 'WS_INVALID_PAYLOAD',
  ack_not_allowed: 'WS_INVALID_PAYLOAD',
  not_group_member: 'WS_INVALID_PAYLOAD',
  group_speak_muted: 'WS_INVALID_PAYLOAD',
  not_message_sender: 'WS_INVALID_PAYLOAD',
  revoke_timeout: 'WS_INVALID_PAYLOAD',
  client_msg_id_conflict: 'WS_INVALID_PAYLOAD',
  bad_presence: 'WS_INVALID_PAYLOAD',
  bad_msg_type: 'WS_INVALID_PAYLOAD',
  unknown_destination: 'WS_INVALID_PAYLOAD',
  not_your_queue: 'WS_INVALID_PAYLOAD',
  too_many_subscriptions: 'WS_INVALID_PAYLOAD',
  too_many_beyond_cursor: 'WS_INVALID_PAYLOAD',
  agents_only: 'WS_INVALID_PAYLOAD',
  customer_session_not_found: 'WS_INVALID_PAYLOAD',
  customer_session_taken: 'WS_INVALID_PAYLOAD',
} as const satisfies Record<Reason, ErrorCode>

/** The payload of type 106: the code for programs, and the reason with its sentence for people. */
export const errorOf = (reason: Reason): { code: ErrorCode; message: string } => ({
  code: codes[reason],
  message: `${reason}: ${refusals[reason].message}`,
})

/** The table of the reference. */
export const errorCodes: Readonly<Record<Reason, ErrorCode>> = codes
