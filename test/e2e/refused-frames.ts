import type { Reason } from '../../protocol/errors.ts'
import type { Frame } from '../support/wire-client.ts'

/** Who is there while a frame is refused; `sent` is the serverMsgId of a message from me to my peer. */
export interface Scene {
  readonly me: string
  readonly peer: string
  readonly sent: string
}

export interface RefusedFrame {
  readonly reason: Reason
  readonly when: string
  /** Text is sent as it is, bytes as a binary frame. */
  readonly frame: (scene: Scene) => Frame | string | Buffer
  /** What the refusal repeats of the frame. */
  readonly echo?: Frame | ((scene: Scene) => Frame)
}

const chat = (scene: Scene, changed: Frame): Frame => ({
  type: 'SINGLE_CHAT',
  clientMsgId: 'm1',
  to: scene.peer,
  body: 'hi',
  ...changed,
})

const send = (
  reason: Reason,
  when: string,
  changed: Frame,
  echo: Frame = { clientMsgId: 'm1' },
): RefusedFrame => ({
  reason,
  when,
  frame: scene => chat(scene, changed),
  echo,
})

const ack = (reason: Reason, when: string, fields: Frame, echo: Frame = {}): RefusedFrame => ({
  reason,
  when,
  frame: () => ({ type: 'ACK', ackType: 'delivered', ...fields }),
  echo,
})

const raw = (
  reason: Reason,
  when: string,
  frame: Frame | string | Buffer,
  echo: Frame = {},
): RefusedFrame => ({
  reason,
  when,
  frame: () => frame,
  echo,
})

const nested = '['.repeat(30_000) + ']'.repeat(30_000)
const farAway = '9007199254740991'

/** After these the connection goes on, however many there are. */
export const kept: readonly RefusedFrame[] = [
  send('missing_msg_id', 'clientMsgId is absent', { clientMsgId: undefined }, {}),
  send('missing_msg_id', 'clientMsgId is null', { clientMsgId: null }, {}),
  send('missing_msg_id', 'clientMsgId is empty', { clientMsgId: '' }, {}),
  send('bad_msg_id', 'clientMsgId is not ASCII', { clientMsgId: 'mü' }, { clientMsgId: 'mü' }),
  send(
    'bad_msg_id',
    'clientMsgId has 129 characters',
    { clientMsgId: 'x'.repeat(129) },
    { clientMsgId: 'x'.repeat(128) },
  ),
  send('bad_msg_id', 'clientMsgId is an object', { clientMsgId: { toString: 1, valueOf: 1 } }, {}),
  send('bad_msg_id', 'clientMsgId is a boolean', { clientMsgId: true }, {}),
  raw('bad_msg_id', 'clientMsgId is nested deeply', `{"type":"SINGLE_CHAT","clientMsgId":${nested}}`),
  send('missing_to', 'to is absent', { to: undefined }),
  send('missing_to', 'to is null', { to: null }),
  send('bad_to', 'to has a dot', { to: 'bob.smith' }),
  send('bad_to', 'to has 65 characters', { to: 'b'.repeat(65) }),
  send('bad_to', 'to is an array', { to: ['bob'] }),
  send('bad_to', 'to is a fraction', { to: 1.5 }),
  raw(
    'bad_to',
    'to is beyond all numbers',
    '{"type":"SINGLE_CHAT","clientMsgId":"m1","to":1e999,"body":"hi"}',
    {
      clientMsgId: 'm1',
    },
  ),
  { ...send('cannot_send_to_self', 'to is the sender', {}), frame: scene => chat(scene, { to: scene.me }) },
  send('missing_body', 'body is absent', { body: undefined }),
  send('missing_body', 'body is empty', { body: '' }),
  send('missing_body', 'body is no text', { body: { text: 'hi' } }),
  send('body_too_long', 'body has 4,097 characters', { body: 'x'.repeat(4097) }),
  send('bad_server_msg_id', 'replyToServerMsgId is no seq', { replyToServerMsgId: 'first' }),
  send(
    'client_msg_id_conflict',
    'clientMsgId stands for another body',
    { clientMsgId: 'sent', body: 'other' },
    { clientMsgId: 'sent' },
  ),
  ...['GROUP_CHAT', 'GROUP_JOIN_REQUEST'].flatMap(type => [
    raw('missing_group_id', `${type} has no groupId`, { type, clientMsgId: 'm1' }, { clientMsgId: 'm1' }),
    raw('missing_msg_id', `${type} has no clientMsgId`, { type, groupId: '1' }),
    raw(
      'not_group_member',
      `${type} names no group`,
      { type, clientMsgId: 'm1', groupId: '0', body: 'hi' },
      { clientMsgId: 'm1' },
    ),
  ]),
  raw('missing_msg_id', 'a revocation has no clientMsgId', { type: 'MESSAGE_REVOKE' }),
  raw(
    'missing_server_msg_id',
    'a revocation names no message',
    { type: 'MESSAGE_REVOKE', clientMsgId: 'm1' },
    { clientMsgId: 'm1' },
  ),
  raw('missing_group_id', 'a decision has no groupId', { type: 'GROUP_JOIN_DECISION', to: 'bob' }),
  raw('missing_to', 'a decision is about nobody', { type: 'GROUP_JOIN_DECISION', groupId: '1' }),
  ack(
    'missing_ack_type',
    'ackType is absent',
    { ackType: undefined, serverMsgId: '1' },
    { serverMsgId: '1' },
  ),
  ack(
    'missing_ack_type',
    'ackType is unknown',
    { ackType: 'toString', serverMsgId: 7 },
    { serverMsgId: '7' },
  ),
  ack('missing_server_msg_id', 'serverMsgId is absent', {}),
  ack(
    'missing_server_msg_id',
    'serverMsgId is empty',
    { serverMsgId: '', clientMsgId: 'm1' },
    { clientMsgId: 'm1' },
  ),
  ack(
    'bad_server_msg_id',
    'serverMsgId is no decimal number',
    { serverMsgId: '0x10' },
    { serverMsgId: '0x10' },
  ),
  ack('bad_server_msg_id', 'serverMsgId is zero', { serverMsgId: 0 }, { serverMsgId: '0' }),
  ack('bad_server_msg_id', 'serverMsgId is an object', { serverMsgId: {} }),
  ack('message_not_found', 'no message has the seq', { serverMsgId: farAway }, { serverMsgId: farAway }),
  ack(
    'message_not_found',
    'no message that could be read has it',
    { ackType: 'read', serverMsgId: farAway },
    { serverMsgId: farAway },
  ),
  {
    reason: 'ack_not_allowed',
    when: 'the message went to somebody else',
    frame: ({ sent }) => ({ type: 'ACK', ackType: 'read', serverMsgId: sent }),
    echo: ({ sent }) => ({ serverMsgId: sent }),
  },
  ...[
    { status: 'busy' },
    { status: 1 },
    {},
    { users: [] },
    { users: 'bob' },
    { users: ['bob', 'no user'] },
    { users: Array.from({ length: 101 }, (_, index) => `u${index}`) },
  ].map(fields =>
    raw('bad_presence', `PRESENCE has ${JSON.stringify(fields).slice(0, 40)}`, {
      type: 'PRESENCE',
      ...fields,
    }),
  ),
]

/** More than three of these in ten seconds close. */
export const counted: readonly RefusedFrame[] = [
  raw('bad_json', 'the text is no JSON', '{"type":'),
  raw('bad_json', 'the text is an array', '[{"type":"PING"}]'),
  raw('bad_json', 'the text is empty', ''),
  raw('bad_json', 'the frame is binary', Buffer.from('{"type":"PING"}')),
  raw('missing_type', 'type is absent', { clientMsgId: 'm1' }, { clientMsgId: 'm1' }),
  raw('missing_type', 'type is no text', { type: { toString: 1 } }),
  raw('missing_type', 'type is empty', { type: '' }),
  raw(
    'not_implemented',
    'type is unknown',
    { type: 'constructor', clientMsgId: 'm1' },
    { clientMsgId: 'm1' },
  ),
]
