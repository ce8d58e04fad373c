import type { Bus, BusMessage, BusSubscription } from '../messaging/bus.ts'
import { subjects } from '../messaging/subjects.ts'
import { Activations } from '../runtime/activations.ts'
import type { ActorFactory, ActorHosting, ActorState, ActorType } from '../runtime/actor-runtime.ts'
import { delay } from '../runtime/backoff.ts'
import type { Logger } from '../runtime/logger.ts'
import { type ActorAnswer, type ActorCall, answerOf, isActorCall, moved } from './actor-call.ts'
import { ADOPT, Adoption } from './adoption.ts'
import { CallsUnderWay } from './calls-under-way.ts'
import { StallWatch } from './stall-watch.ts'

/** A process that stood still for so long may have lost actors to others, ms. */
const STALL_MS = 500
/** Dapr rebalances and reconnects only when its deactivations are answered; what takes longer goes on alone, ms. */
const DEACTIVATION_MS = 500

export interface DaprActorHostingParts {
  readonly hostId: string
  readonly idleMs: number
  readonly bus: Bus
  /** Whether placement was connected at some moment after the call. */
  readonly placementConnected: () => Promise<boolean>
  /** Takes one call to wherever Dapr places the actor; rejects without an answer. */
  readonly callByDapr: (type: ActorType, id: string, call: ActorCall) => Promise<ActorAnswer>
  readonly state?: (type: ActorType, id: string) => ActorState
  readonly logger: Logger
}

/**
 * Hosts actors that Dapr places here. Dapr's first call activates an actor; from then on it is called over the bus,
 * whether Dapr still knows of it or not. What ends it is its own idleness, Dapr's deactivation while placement is
 * connected, another activation's claim, or the end of the process.
 */
export class DaprActorHosting implements ActorHosting {
  readonly hostId: string
  readonly types: ActorType[] = []
  readonly #bus: Bus
  readonly #placementConnected: () => Promise<boolean>
  readonly #logger: Logger
  readonly #activations: Activations
  readonly #underWay = new CallsUnderWay()
  readonly #stalls = new StallWatch(STALL_MS)
  readonly #adoption: Adoption
  readonly #subscriptions = new Map<string, BusSubscription>()
  readonly #counts = { bus: 0, dapr: 0 }
  #busLostAt: number | undefined

  constructor(parts: DaprActorHostingParts) {
    const { hostId, idleMs, bus, placementConnected, callByDapr, state, logger } = parts
    this.hostId = hostId
    this.#bus = bus
    this.#placementConnected = placementConnected
    this.#logger = logger
    this.#activations = new Activations({
      idleMs,
      logger,
      hooks: {
        activated: (type, id) => this.#serve(type, id),
        leaving: (type, id) => this.#unserve(type, id),
        ...(state && { state }),
      },
    })
    this.#adoption = new Adoption({
      placementConnected,
      callByDapr,
      isActive: (type, id) => this.#activations.has(type, id),
      logger,
    })
    bus.onState(busState => {
      this.#busLostAt = busState === 'disconnected' ? performance.now() : undefined
      this.#activations.doubtAll()
    })
  }

  /** Actors active here. */
  get active(): number {
    return this.#activations.size
  }

  /** Calls by what brought them, since the start. */
  get counts(): { readonly bus: number; readonly dapr: number } {
    return this.#counts
  }

  /** For how long nobody has been reachable over the bus, ms. */
  get busLostForMs(): number {
    return this.#busLostAt === undefined ? 0 : performance.now() - this.#busLostAt
  }

  register(type: ActorType, make: ActorFactory): void {
    this.types.push(type)
    this.#activations.register(type, make)
  }

  /** Runs a call that Dapr has brought, activating the actor if need be. */
  call(type: ActorType, id: string, call: ActorCall): Promise<ActorAnswer> {
    this.#counts.dapr++
    return this.#call(type, id, call)
  }

  #call(type: ActorType, id: string, call: ActorCall): Promise<ActorAnswer> {
    // Without the bus an actor can neither be claimed nor confirmed.
    if (this.#busLostAt !== undefined) return Promise.resolve(moved)
    if (this.#stalls.takeStall()) {
      this.#logger.warn({ actors: this.active }, 'the process stood still; its actors confirm their claims')
      this.#activations.doubtAll()
    }
    return this.#underWay.run(call, () => answerOf(() => this.#turn(type, id, call)))
  }

  #turn(type: ActorType, id: string, { method, args, deadline }: ActorCall): Promise<unknown> {
    return method === ADOPT
      ? this.#activations.ensure(type, id, deadline)
      : this.#activations.invoke(type, id, method, args, deadline)
  }

  /**
   * Dapr takes the actor away. When it does so because it has lost placement, nobody else can have it until placement
   * is back: then it goes on here under its fence, and Dapr is told of it when placement is back.
   */
  async deactivate(type: ActorType, id: string): Promise<void> {
    if (!this.#activations.has(type, id)) return
    if (await this.#placementConnected()) {
      await Promise.race([this.#activations.drop(type, id, 'moved'), delay(DEACTIVATION_MS)])
    } else this.#adoption.add(type, id)
  }

  /** Ends all actors in order; their callers will find them elsewhere. */
  async close(): Promise<void> {
    this.#adoption.close()
    await this.#activations.close('moved')
    this.#stalls.close()
  }

  /** From when this resolves, nobody's call misses the subscription. */
  async #serve(type: ActorType, id: string): Promise<void> {
    const subject = subjects.actor(type, id)
    this.#subscriptions.set(
      subject,
      this.#bus.subscribe(subject, message => this.#onCall(type, id, message)),
    )
    await this.#bus.flush()
  }

  /** Drained, not dropped: what has arrived is still answered. */
  async #unserve(type: ActorType, id: string): Promise<void> {
    const subject = subjects.actor(type, id)
    const subscription = this.#subscriptions.get(subject)
    this.#subscriptions.delete(subject)
    await subscription?.drain()
  }

  #onCall(type: ActorType, id: string, { value, respond }: BusMessage): void {
    if (!respond || !isActorCall(value)) {
      this.#logger.warn({ type, id }, 'what came on an actor’s subject is no call')
      return
    }
    this.#counts.bus++
    // What comes late for an activation that has gone must not start another: only Dapr says who lives here.
    if (!this.#activations.has(type, id)) respond(moved)
    else void this.#call(type, id, value).then(respond)
  }
}
