import type { Dialect } from './dialect.ts'

const NUMBER = /"clientMsgId":"m\w*-(\d+)"/
const SEQ = /"serverMsgId":"(\d+)"/

/** How often our client library acknowledges what has been delivered, ms. */
const CLIENT_ACK_MS = 100

/**
 * The JSON protocol of `/ws`: done when the message is saved. `acks`: receivers acknowledge as our client library
 * does, all so far every 100 ms, or `each` message as the clients do that the protocol was made for.
 */
export const homingDialect = (
  runId: string,
  sign: (user: string) => string,
  acks: 'client' | 'each',
): Dialect => ({
  path: '/ws',
  hello: user => JSON.stringify({ type: 'AUTH', token: sign(user) }),
  isWelcome: frame => frame.startsWith('{"type":"AUTH_OK"'),
  message: (n, to, body) =>
    `{"type":"SINGLE_CHAT","clientMsgId":"m${runId}-${n}","to":"${to}","body":"${body}"}`,
  done: frame => (frame.includes('"ackType":"saved"') ? Number(NUMBER.exec(frame)?.[1]) : undefined),
  received: frame =>
    frame.startsWith('{"type":"SINGLE_CHAT"')
      ? { n: Number(NUMBER.exec(frame)?.[1]), seq: SEQ.exec(frame)?.[1] ?? '' }
      : undefined,
  acknowledgement:
    acks === 'each'
      ? { frame: seq => `{"type":"ACK","ackType":"delivered","serverMsgId":"${seq}"}` }
      : {
          frame: seq => `{"type":"ACK","ackType":"delivered","serverMsgId":"${seq}","upTo":true}`,
          everyMs: CLIENT_ACK_MS,
        },
})
