import { AsyncLocalStorage } from 'node:async_hooks'
import { Random } from '../../../tools/random.ts'

const realImmediate = setImmediate
/** ms since 1970. */
const BEGINNING = 1_800_000_000_000
/** Things that fall due in one turn of the real event loop. */
const STEPS = 100
const clocks = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
] as const

/** What runs, stands still or is gone as a whole, with its timers and what comes to it. */
export class SimulatedProcess {
  readonly name: string
  state: 'running' | 'frozen' | 'dead' = 'running'
  /** What fell due while it stood still. */
  held: Due[] = []
  /** Runs something as its own. */
  enter: ReturnType<typeof AsyncLocalStorage.snapshot> | undefined

  constructor(name: string) {
    this.name = name
  }
}

interface Due {
  at: number
  order: number
  readonly process: SimulatedProcess
  readonly kind: 'timer' | 'arrival'
  readonly run: () => void
  cancelled?: true
}

/** What is sent on it arrives in order. */
export interface Channel {
  lastArrival: number
}

/** A seeded world's clock, timers and chance: the time goes on only from one thing that is due to the next. */
export class VirtualTime extends Random {
  now = BEGINNING
  readonly #whose = new AsyncLocalStorage<SimulatedProcess>()
  readonly #world = new SimulatedProcess('world')
  /** The next one is last. */
  readonly #due: Due[] = []
  #order = 0

  /** Since the beginning, ms. */
  get elapsed(): number {
    return this.now - BEGINNING
  }

  /** Runs `work` as the process's own: what it waits for waits with the process. */
  as<T>(process: SimulatedProcess, work: () => T): T {
    process.enter ??= this.#whose.run(process, () => AsyncLocalStorage.snapshot())
    return process.enter(work)
  }

  /** Something comes to the process after a moment; on a channel, after what was sent on it before. */
  arrive(process: SimulatedProcess, run: () => void, channel?: Channel): void {
    const slow = this.chance(0.02) ? this.between(10, 300) : this.between(0.2, 4)
    const at = Math.max(this.now + slow, channel?.lastArrival ?? 0)
    if (channel) channel.lastArrival = at
    this.#add({ at, process, kind: 'arrival', run })
  }

  /** Has `other` do something for whoever asks. Never settles when one of the two is gone. */
  ask<T>(other: SimulatedProcess, work: () => T | Promise<T>): Promise<T> {
    const asker = this.#current
    return new Promise((resolve, reject) => {
      this.arrive(other, () => {
        Promise.resolve()
          .then(work)
          .then(
            value => this.arrive(asker, () => resolve(value)),
            error => this.arrive(asker, () => reject(error)),
          )
      })
    })
  }

  thaw(process: SimulatedProcess): void {
    if (process.state !== 'frozen') return
    process.state = 'running'
    // What waits on the sockets is read before any timer runs.
    const held = process.held.splice(0)
    for (const due of held.filter(({ kind }) => kind === 'arrival')) this.#again(due, this.now)
    for (const due of held.filter(({ kind }) => kind === 'timer')) this.#again(due, this.now)
  }

  /** Lets the time go by until `work` is done, with the clocks and the chance of everybody being this world's. */
  async run(work: () => Promise<void>): Promise<void> {
    const restore = this.#install()
    try {
      let isDone = false
      const done = this.as(this.#world, work).finally(() => {
        isDone = true
      })
      done.catch(() => undefined)
      while (!isDone) await this.#steps(() => isDone || this.#step())
      await done
    } finally {
      restore()
    }
  }

  /** Between two immediates everything that has been settled is gone on with. */
  #steps(step: () => void): Promise<void> {
    return new Promise(resolve => {
      for (let n = 0; n < STEPS; n++) realImmediate(step)
      realImmediate(resolve)
    })
  }

  #step(): void {
    const due = this.#due.pop()
    if (!due) return
    this.now = due.at
    const { process } = due
    if (due.cancelled || process.state === 'dead') return
    if (process.state === 'frozen') process.held.push(due)
    else this.as(process, due.run)
  }

  get #current(): SimulatedProcess {
    return this.#whose.getStore() ?? this.#world
  }

  #add(due: Omit<Due, 'order'>): Due {
    return this.#again({ ...due, order: 0 }, due.at)
  }

  #again(due: Due, at: number): Due {
    due.at = at
    due.order = this.#order++
    let index = this.#due.length
    while (index > 0 && isBefore(this.#due[index - 1], due)) index--
    this.#due.splice(index, 0, due)
    return due
  }

  #timer(run: () => void, ms = 0, every = false): object {
    const tick = () => {
      if (every) this.#again(due, this.now + Math.max(1, ms))
      run()
    }
    const at = this.now + Math.max(1, ms)
    const due = this.#add({ at, process: this.#current, kind: 'timer', run: tick })
    return Object.assign(due, { unref: () => due, ref: () => due })
  }

  /** Of what no process of this world does, nothing changes. */
  #install(): () => void {
    const real = Object.fromEntries(clocks.map(name => [name, globalThis[name]]))
    const own: Record<(typeof clocks)[number], Clock> = {
      setTimeout: (run: () => void, ms?: number) => this.#timer(run, ms),
      setInterval: (run: () => void, ms?: number) => this.#timer(run, ms, true),
      setImmediate: (run: () => void) => this.#timer(run),
      clearTimeout: clear,
      clearInterval: clear,
      clearImmediate: clear,
    }
    const isOurs = () => this.#whose.getStore() !== undefined
    for (const name of clocks) {
      const [theirs, ours] = [real[name] as Clock, own[name]]
      Object.assign(globalThis, { [name]: (...args: never[]) => (isOurs() ? ours : theirs)(...args) })
    }
    const [date, sinceStart, chance] = [Date.now, performance.now, Math.random]
    Object.assign(performance, { now: () => (isOurs() ? this.now : sinceStart.call(performance)) })
    Date.now = () => (isOurs() ? Math.floor(this.now) : date())
    Math.random = () => (isOurs() ? this.next() : chance())
    return () => {
      Object.assign(globalThis, real)
      Reflect.deleteProperty(performance, 'now')
      Date.now = date
      Math.random = chance
    }
  }
}

type Clock = (...args: never[]) => unknown

const clear = (due: Due | undefined): void => {
  if (due) due.cancelled = true
}

/** Whether what is due then comes before the other. */
const isBefore = (due: Due | undefined, other: Due): boolean =>
  due !== undefined && (due.at < other.at || (due.at === other.at && due.order < other.order))
