import type { LogRecord } from '../../messaging/log-reader.ts'
import type { SavedLog } from '../../storage/saved-log.ts'
import type { DeadLetter } from '../../storage/saved-message.ts'

/** The saver's tables, whose first save waits until it is resumed. */
export class PausedBeforeSaving {
  readonly saved: SavedLog
  readonly outcomes: ('moved' | readonly DeadLetter[])[] = []
  readonly reached: Promise<void>
  readonly answered: Promise<void>
  resume: () => void = () => {}

  constructor(saved: SavedLog) {
    const reached = Promise.withResolvers<void>()
    const answered = Promise.withResolvers<void>()
    const resumed = Promise.withResolvers<void>()
    this.reached = reached.promise
    this.answered = answered.promise
    this.resume = resumed.resolve
    const save = async (from: number, records: readonly LogRecord[]) => {
      reached.resolve()
      await resumed.promise
      const outcome = await saved.save(from, records)
      this.outcomes.push(outcome)
      answered.resolve()
      return outcome
    }
    this.saved = Object.assign(Object.create(saved), {
      save,
      position: () => saved.position(),
      giveUp: (from: number, upTo: number) => saved.giveUp(from, upTo),
    }) as SavedLog
  }
}
