import type { WriteStream } from 'node:tty'
import { renderProgress } from './report.ts'
import type { RunProgress } from './run-load.ts'

/** Between two lines where they can't be written over one another, s. */
const EVERY_SECONDS = 10

/** Says how a run is getting on: one line in place on a terminal, one every ten seconds elsewhere. */
export class ProgressLine {
  readonly #stream: WriteStream

  constructor(stream: WriteStream) {
    this.#stream = stream
  }

  show(progress: RunProgress): void {
    const text = renderProgress(progress)
    if (this.#stream.isTTY) this.#stream.write(`\r${text}\x1b[K`)
    else if (Math.round(progress.seconds) % EVERY_SECONDS === 0) this.#stream.write(`${text}\n`)
  }

  say(text: string): void {
    this.clear()
    this.#stream.write(`${text}\n`)
  }

  clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K')
  }
}
