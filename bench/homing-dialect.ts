import type { WireDialect } from './wire-pair.ts'

const SEQ = /"serverMsgId":"(\d+)"/

/** The JSON protocol of `/ws`: done when the message is saved, acknowledged as delivered by its receiver. */
export const homingDialect = (token: string): WireDialect => ({
  hello: { frame: JSON.stringify({ type: 'AUTH', token }), answer: 'AUTH_OK' },
  message: (id, to, body) => `{"type":"SINGLE_CHAT","clientMsgId":"${id}","to":"${to}","body":"${body}"}`,
  acknowledge: frame => `{"type":"ACK","ackType":"delivered","serverMsgId":"${SEQ.exec(frame)?.[1]}"}`,
  isMessage: frame => frame.startsWith('{"type":"SINGLE_CHAT"'),
  isDone: frame => frame.includes('"ackType":"saved"'),
})
