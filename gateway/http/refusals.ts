/** The statuses that REST answers carry, and 429, which only accounts do. */
type Status = 400 | 401 | 403 | 404 | 409 | 429 | 500

export interface HttpRefusal {
  readonly status: Status
  /** Stable, for programs. Source: the STOMP and REST contract, "Codes"; the others follow its pattern. */
  readonly errCode: string
  readonly message: string
}

const refusal = (status: Status, errCode: string, message: string): HttpRefusal => ({
  status,
  errCode,
  message,
})

/** Every refusal of an HTTP request. The key is the `message` of accounts' answers. */
export const httpRefusals = {
  bad_request: refusal(400, 'REQUEST_001', 'the request is not well-formed'),
  not_found: refusal(404, 'REQUEST_002', 'no such resource'),
  internal_error: refusal(500, 'REQUEST_003', 'unexpected failure'),

  missing_access_token: refusal(401, 'AUTH_001', 'an access token is needed'),
  invalid_access_token: refusal(401, 'AUTH_002', 'the access token is not valid'),
  token_expired: refusal(401, 'AUTH_003', 'the access token is past its exp'),
  session_invalid: refusal(401, 'AUTH_004', 'the session version has been raised'),
  bad_credentials: refusal(401, 'AUTH_005', 'username and password do not match'),
  invalid_refresh_token: refusal(401, 'AUTH_006', 'the refresh token is not, or no longer, valid'),
  too_many_attempts: refusal(429, 'AUTH_007', 'too many attempts; wait as Retry-After says'),

  history_not_member: refusal(403, 'CHAT_001', 'not a member of the conversation'),
  history_conversation_not_found: refusal(404, 'CHAT_002', 'no such conversation'),
  agents_only: refusal(403, 'CHAT_003', 'for agents only'),

  group_not_found: refusal(404, 'GROUP_001', 'no such group'),
  group_not_member: refusal(403, 'GROUP_002', 'not a member of the group'),
  group_no_permission: refusal(403, 'GROUP_003', 'not allowed to do this, or not to do it for another user'),
  group_already_member: refusal(409, 'GROUP_004', 'already a member'),
  group_owner_stays: refusal(
    409,
    'GROUP_005',
    'the owner cannot leave, be removed, be muted or change roles',
  ),
  group_bad_name: refusal(400, 'GROUP_006', 'the name must have 1 to 64 characters'),
  group_too_many_members: refusal(409, 'GROUP_007', 'too many members, or too many at once'),
  group_member_not_found: refusal(404, 'GROUP_008', 'no such member'),
  group_dissolved: refusal(409, 'GROUP_009', 'the group has been dissolved'),
  group_muted: refusal(409, 'GROUP_010', 'muted in the group'),
  group_bad_message: refusal(400, 'GROUP_011', 'the message cannot be sent as it is'),

  offline_missing_user: refusal(400, 'OFFLINE_MSG_001', 'userId is missing or not a user id'),
  offline_not_yours: refusal(403, 'OFFLINE_MSG_002', 'this is another user’s'),
  offline_conversation_not_found: refusal(404, 'OFFLINE_MSG_003', 'no such conversation'),
  offline_bad_limit: refusal(400, 'OFFLINE_MSG_004', 'limit must be a number from 1 to 100'),
  offline_missing_ids: refusal(400, 'OFFLINE_MSG_005', 'msgIds must name 1 to 1,000 messages'),
  offline_message_not_found: refusal(404, 'OFFLINE_MSG_006', 'no such message in the conversation'),
  offline_internal: refusal(500, 'OFFLINE_MSG_007', 'unexpected failure'),
  offline_too_many_beyond_cursor: refusal(
    409,
    'OFFLINE_MSG_008',
    'too many messages are read beyond unread ones; begin with the oldest',
  ),

  admins_only: refusal(403, 'ADMIN_001', 'for admins only'),
  dead_letter_not_found: refusal(404, 'ADMIN_002', 'no such dead letter'),
  dead_letter_refused: refusal(409, 'ADMIN_003', 'it still cannot be saved'),
} as const satisfies Record<string, HttpRefusal>

export type HttpReason = keyof typeof httpRefusals

export const isHttpReason = (value: unknown): value is HttpReason =>
  typeof value === 'string' && Object.hasOwn(httpRefusals, value)
