import type { Target } from '../support/target.ts'
import { stompCustomerSessionsSuite } from './stomp-customer-sessions.ts'
import { stompGroupsSuite } from './stomp-groups.ts'
import { stompMessagesSuite } from './stomp-messages.ts'
import { stompOfflineSuite } from './stomp-offline.ts'
import { stompPresenceSuite } from './stomp-presence.ts'
import { stompSessionSuite } from './stomp-session.ts'

/** Everything that enterprise clients do, with the real clients; on any target. */
export function stompSuite(target: () => Target): void {
  describe('STOMP', () => {
    describe('sessions', () => stompSessionSuite(target))
    describe('messages', () => stompMessagesSuite(target))
    describe('groups', () => stompGroupsSuite(target))
    describe('what waits', () => stompOfflineSuite(target))
    describe('presence', () => stompPresenceSuite(target))
    describe('customer sessions', () => stompCustomerSessionsSuite(target))
  })
}
