import type { Target } from '../support/target.ts'
import { msgpackTablesSuite } from './msgpack-tables.ts'

/** Everything that MessagePack clients do, with a client written by hand; on any target. */
export function msgpackSuite(target: () => Target): void {
  describe('MessagePack', () => {
    msgpackTablesSuite(target)
  })
}
