import type { Target } from '../support/target.ts'
import { connectionModuleSuite } from './connection-module.ts'
import { msgpackMixedSuite } from './msgpack-mixed.ts'
import { msgpackRefusalsSuite } from './msgpack-refusals.ts'
import { msgpackSessionSuite } from './msgpack-session.ts'
import { msgpackSyncSuite } from './msgpack-sync.ts'
import { msgpackTablesSuite } from './msgpack-tables.ts'

/** Everything that MessagePack clients do, with a client written by hand; on any target. */
export function msgpackSuite(target: () => Target): void {
  describe('MessagePack', () => {
    msgpackTablesSuite(target)
    msgpackSessionSuite(target)
    msgpackRefusalsSuite(target)
    msgpackSyncSuite(target)
    msgpackMixedSuite(target)
    connectionModuleSuite(target)
  })
}
