const BEAT_MS = 100

/**
 * Notices that the process stood still (SIGSTOP, a long turn of the event loop). Asked with every call, because what
 * was waiting on the sockets is handled before any timer runs.
 */
export class StallWatch {
  readonly #limitMs: number
  readonly #timer: NodeJS.Timeout
  #lastBeat = performance.now()
  #stalled = false

  constructor(limitMs: number) {
    this.#limitMs = limitMs
    this.#timer = setInterval(() => this.#beat(), BEAT_MS).unref()
  }

  /** Whether it stood still for longer than the limit since it was last asked. */
  takeStall(): boolean {
    this.#beat()
    const stalled = this.#stalled
    this.#stalled = false
    return stalled
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #beat(): void {
    const now = performance.now()
    this.#stalled ||= now - this.#lastBeat > this.#limitMs
    this.#lastBeat = now
  }
}
