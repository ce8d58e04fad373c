import { expect } from 'chai'
import { type Reason, refusals } from '../../protocol/errors.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { WireClient } from '../support/wire-client.ts'
import { counted, kept, type RefusedFrame, type Scene } from './refused-frames.ts'

/** Where the other reasons are shown, or why no client can meet them yet. */
const elsewhere: Readonly<Partial<Record<Reason, string>>> = {
  kicked: 'single-login.ts',
  session_invalid: 'authentication.ts and revocation.ts',
  token_expired: 'authentication.ts',
  unauthorized: 'authentication.ts',
  reauth_uid_mismatch: 'authentication.ts',
  invalid_token: 'authentication.ts',
  missing_token: 'authentication.ts',
  auth_timeout: 'liveness.test.ts',
  too_many_requests: 'rates.test.ts',
  server_busy: 'busy.test.ts and ordered.test.ts',
  bad_frame: 'stomp-session.ts',
  bad_msgpack: 'msgpack-refusals.ts',
  bad_payload: 'msgpack-refusals.ts',
  not_your_queue: 'stomp-session.ts',
  too_many_subscriptions: 'stomp-session.ts',
  unknown_destination: 'stomp-session.ts',
  bad_msg_type: 'stomp-messages.ts',
  too_many_beyond_cursor: 'test/unit/actors/unread-counts.test.ts',
  agents_only: 'stomp-customer-sessions.ts',
  customer_session_not_found: 'stomp-customer-sessions.ts',
  customer_session_taken: 'stomp-customer-sessions.ts',
  internal_error: 'unreachable: no failure is answered with it; a client must know it all the same',
  group_speak_muted: 'groups.ts',
  not_message_sender: 'revoke.ts',
  revoke_timeout: 'group-actor.test.ts and revoking.test.ts',
}

/** Every refusal of a frame that one client can provoke, on any target. */
export function refusalsSuite(target: () => Target): void {
  let client: WireClient
  let scene: Scene

  const refuse = async ({ frame, reason, echo = {} }: RefusedFrame, times: number) => {
    const sent = frame(scene)
    const refusedSoFar = client.all({ type: 'ERROR' }).length
    for (let count = 0; count < times; count++)
      client.socket.send(Buffer.isBuffer(sent) || typeof sent === 'string' ? sent : JSON.stringify(sent))
    const refused = await client.atLeast(refusedSoFar + times, { type: 'ERROR' })
    const expected = typeof echo === 'function' ? echo(scene) : echo
    for (const error of refused) expect(error).to.deep.equal({ type: 'ERROR', reason, ...expected })
  }

  beforeEach(async () => {
    const [me, peer] = [newUser('alice'), newUser('bob')]
    client = await WireClient.authenticated(gatewayOf(target(), 0), await signToken(target(), me))
    client.send({ type: 'SINGLE_CHAT', clientMsgId: 'sent', to: peer, body: 'hi' })
    const { serverMsgId } = await client.next({ type: 'ACK', ackType: 'saved' })
    scene = { me, peer, sent: String(serverMsgId) }
  })
  afterEach(() => client.socket.terminate())

  describe('a refused frame that leaves the connection alone', () => {
    for (const row of kept) {
      it(`${row.reason}: ${row.when}`, async () => {
        await refuse(row, 5)
        await client.settle()
      })
    }
  })

  describe('a protocol error, of which the fourth in ten seconds closes', () => {
    for (const row of counted) {
      it(`${row.reason}: ${row.when}`, async () => {
        await refuse(row, 3)
        await client.settle()
        await refuse(row, 1)
        expect(await client.closed).to.deep.equal({ code: 4505, reason: row.reason })
      })
    }
  })

  it('every reason of the catalogue is shown here or there, or said to be out of reach', () => {
    const shown = new Set([...kept, ...counted].map(({ reason }) => reason))
    const named = [...shown, ...Object.keys(elsewhere)]
    expect(named.toSorted()).to.deep.equal(Object.keys(refusals).toSorted())
  })
}
