/** The history cannot be judged: a broken line, or one that contradicts how histories are written. */
export class Unreadable extends Error {
  /** Counted from 1. */
  readonly line: number

  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`)
    this.name = 'Unreadable'
    this.line = line
  }
}
