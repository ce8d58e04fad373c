import type { Logger } from './logger.ts'

interface Step {
  readonly name: string
  readonly stop: () => Promise<void> | void
}

/**
 * Stops what was started, last first, once. A step that fails is logged and does not keep the others from
 * stopping.
 */
export class OrderlyStop {
  readonly #logger: Logger
  readonly #steps: Step[] = []
  #stopping: Promise<void> | undefined

  constructor(logger: Logger) {
    this.#logger = logger
  }

  add(name: string, stop: Step['stop']): void {
    this.#steps.push({ name, stop })
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#run()
    return this.#stopping
  }

  async #run(): Promise<void> {
    for (const step of this.#steps.reverse()) {
      try {
        await step.stop()
      } catch (error) {
        this.#logger.error({ err: error, step: step.name }, 'a part did not stop in order')
      }
    }
  }
}

/** Stops on SIGTERM and SIGINT and exits; a second signal, or `timeoutMs`, exits at once with status 1. */
export function stopOnSignals(orderly: OrderlyStop, timeoutMs: number): void {
  let asked = false
  const onSignal = () => {
    if (asked) process.exit(1)
    asked = true
    setTimeout(() => process.exit(1), timeoutMs).unref()
    void orderly.stop().then(() => process.exit(0))
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}
