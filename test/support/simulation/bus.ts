import {
  type Bus,
  type BusHandler,
  type BusState,
  type BusSubscription,
  NoResponders,
  RequestTimeout,
} from '../../../messaging/bus.ts'
import type { Channel, SimulatedProcess, VirtualTime } from './virtual-time.ts'

/** up; down: cut off, as everybody knows; lost: cut off, and nobody has noticed. */
type Link = 'up' | 'down' | 'lost'

interface Subscription {
  readonly subject: string
  readonly handler: BusHandler
  readonly link: SimulatedBus
  readonly since: number
  /** By who publishes. */
  readonly channels: Map<SimulatedBus, Channel>
}

const IN_FORCE_MS = 5

/** What carries the buses of a world's processes. */
export class SimulatedNetwork {
  readonly time: VirtualTime
  readonly subscriptions = new Set<Subscription>()

  constructor(time: VirtualTime) {
    this.time = time
  }

  receivers(subject: string): Subscription[] {
    return [...this.subscriptions].filter(
      ({ subject: own, link, since }) =>
        own === subject && since <= this.time.now && link.state !== 'down' && link.process.state !== 'dead',
    )
  }
}

/** One process's bus: in order from one publisher to one subscription, and lost while its link is cut. */
export class SimulatedBus implements Bus {
  readonly process: SimulatedProcess
  readonly #network: SimulatedNetwork
  readonly #onState: ((state: BusState) => void)[] = []
  readonly #answers = new WeakMap<SimulatedBus, Channel>()
  state: Link = 'up'

  constructor(network: SimulatedNetwork, process: SimulatedProcess) {
    this.#network = network
    this.process = process
  }

  publish(subject: string, value: unknown): void {
    for (const to of this.#network.receivers(subject)) this.#carry(to, value)
  }

  request(subject: string, value: unknown, timeoutMs: number): Promise<unknown> {
    const { time } = this.#network
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new RequestTimeout(subject)), timeoutMs)
      const settle = (done: () => void) => {
        clearTimeout(timer)
        done()
      }
      if (this.state !== 'up') return
      const receivers = this.#network.receivers(subject)
      if (receivers.length === 0)
        time.arrive(this.process, () => settle(() => reject(new NoResponders(subject))))
      for (const to of receivers) {
        const channel = to.link.#channelTo(this)
        const answer = (result: unknown) => {
          if (to.link.state !== 'up') return
          const arrived = () => this.state === 'up' && settle(() => resolve(result))
          time.arrive(this.process, arrived, channel)
        }
        this.#carry(to, value, answer)
      }
    })
  }

  subscribe(subject: string, handler: BusHandler): BusSubscription {
    const since = this.#network.time.now + IN_FORCE_MS
    const subscription = { subject, handler, link: this, since, channels: new Map() }
    this.#network.subscriptions.add(subscription)
    return {
      drain: async () => {
        this.#network.subscriptions.delete(subscription)
      },
    }
  }

  async flush(): Promise<void> {
    do await new Promise(resolve => setTimeout(resolve, IN_FORCE_MS))
    while (this.state !== 'up')
  }

  onState(handler: (state: BusState) => void): void {
    this.#onState.push(handler)
  }

  async close(): Promise<void> {}

  /** Everything on its way is lost, and what follows; it is noticed `afterMs` later. */
  cut(afterMs: number): void {
    this.state = 'lost'
    const notice = () => {
      if (this.state !== 'lost') return
      this.state = 'down'
      this.#tell('disconnected')
    }
    this.#network.time.as(this.process, () => setTimeout(notice, afterMs))
  }

  /** What is published from now on comes; that it had not, is known a moment later. */
  mend(): void {
    if (this.state === 'up') return
    const { time } = this.#network
    time.arrive(this.process, () => {
      if (this.state === 'lost') this.#tell('disconnected')
      this.state = 'up'
      setTimeout(() => this.state === 'up' && this.#tell('connected'), time.between(0, 20))
    })
  }

  #tell(state: BusState): void {
    for (const handler of this.#onState) handler(state)
  }

  #carry(to: Subscription, value: unknown, respond?: (value: unknown) => void): void {
    if (this.state !== 'up') return
    const channel = to.channels.get(this) ?? { lastArrival: 0 }
    to.channels.set(this, channel)
    const { subject, link, handler } = to
    const arrived = () => {
      if (link.state === 'up') handler(respond ? { subject, value, respond } : { subject, value })
    }
    this.#network.time.arrive(link.process, arrived, channel)
  }

  #channelTo(asker: SimulatedBus): Channel {
    const channel = this.#answers.get(asker) ?? { lastArrival: 0 }
    this.#answers.set(asker, channel)
    return channel
  }
}
