import type { Dialect } from './dialect.ts'
import { relayDialect } from './relay.ts'

/** As long as our client library waits for more to acknowledge together, ms. */
const CLIENT_ACK_MS = 100

/** The plain relay's frames, and `k` (acknowledge), which names the message and its sender. */
export const acknowledgingRelayDialect: Dialect = {
  ...relayDialect,
  received: frame => {
    if (!frame.startsWith('m ')) return undefined
    const [, n = '', to = ''] = frame.split(' ', 3)
    return { n: Number(n), seq: `${n} ${to.replace('-to-', '-from-')}` }
  },
  acknowledgement: { frame: seq => `k ${seq}`, everyMs: CLIENT_ACK_MS },
}
