import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { Answer, Order, Progress, Share, WorkerResult } from './worker-messages.ts'

/** A worker in a process of its own: its own CPU, and its own limit of open files. */
export class WorkerProcess {
  readonly #child: ChildProcess
  #progress: Progress = { open: 0, turns: 0, unsettled: 0, errors: 0 }
  #answered: (answer: Answer) => void = () => undefined
  #failed: (error: Error) => void = () => undefined
  #ended = false

  constructor() {
    this.#child = fork(join(import.meta.dirname, 'worker-main.ts'), { serialization: 'json' })
    this.#child.on('message', message => this.#onAnswer(message as Answer))
    this.#child.on('exit', (code, signal) => {
      this.#ended = true
      this.#failed(new Error(`a worker of the load tester ended (${signal ?? code})`))
    })
  }

  get progress(): Progress {
    return this.#progress
  }

  async connect(share: Share): Promise<void> {
    await this.#order({ order: 'connect', share })
  }

  async run(startAt: number): Promise<void> {
    await this.#order({ order: 'run', startAt })
  }

  async finish(): Promise<WorkerResult> {
    const answer = await this.#order({ order: 'finish' })
    if (answer.answer !== 'finished') throw new Error('a worker did not finish')
    return answer.result
  }

  end(): void {
    if (this.#ended) return
    this.#failed = () => undefined
    this.#child.kill('SIGKILL')
  }

  #order(order: Order): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(new Error('a worker of the load tester is gone'))
      this.#failed = reject
      this.#answered = answer =>
        answer.answer === 'failed' ? reject(new Error(answer.reason)) : resolve(answer)
      this.#child.send(order)
    })
  }

  #onAnswer(answer: Answer): void {
    if (answer.answer === 'progress') this.#progress = answer.progress
    else this.#answered(answer)
  }
}
