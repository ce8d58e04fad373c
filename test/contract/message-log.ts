import type { LogEntry, MessageLog } from '../../messaging/message-log.ts'
import { claims, fences } from './message-log-claims.ts'
import { type LogHarness, newUser } from './message-log-context.ts'
import { following, reading, repeats } from './message-log-reading.ts'
import { anyHistory, refusals } from './message-log-refusals.ts'

export { direct, type LogHarness, newUser, ownership } from './message-log-context.ts'

/** The promises of messaging/message-log.ts. */
export function messageLogContract(name: string, make: () => Promise<LogHarness>): void {
  describe(`the log (${name})`, () => {
    let harness: LogHarness
    let log: MessageLog
    let alice: string
    let bob: string

    before(async () => {
      harness = await make()
      log = harness.log
    })
    beforeEach(() => {
      alice = newUser()
      bob = newUser()
    })
    after(() => harness?.close())

    async function restart(): Promise<void> {
      log = await harness.restart()
    }

    async function followed(feed: string): Promise<LogEntry[]> {
      const seen: LogEntry[] = []
      log.follow(feed, entry => seen.push(entry))
      await log.flush()
      return seen
    }

    const context = { log: () => log, users: () => [alice, bob] as const, restart, followed }
    claims(context)
    fences(context)
    repeats(context)
    reading(context)
    following(context)
    refusals(context)
    anyHistory(context)
  })
}
