import {
  type Actor,
  type ActorFactory,
  ActorMoved,
  type ActorState,
  type ActorType,
  type DeactivateReason,
} from './actor-runtime.ts'
import type { Logger } from './logger.ts'
import { Mailbox } from './mailbox.ts'

/** A turn whose caller gave up this long ago is not run: a thawed host drops its backlog. ms */
export const OVERDUE_MS = 10_000

export interface ActivationHooks {
  /** Runs after an actor's activation and before its first turn, unless the actor was dropped while it activated. */
  activated?(type: ActorType, id: string): Promise<void>
  /** Runs before an actor's last turns are answered `moved`. */
  leaving?(type: ActorType, id: string, reason: DeactivateReason): Promise<void>
  /** Where an actor may leave a snapshot of itself, if anywhere. */
  state?(type: ActorType, id: string): ActorState
}

/**
 * The actors active in this process: activation by the first call, one turn at a time, deactivation of the idle.
 * Both runtimes build on it. A new activation of an id starts only when the one before it has ended.
 */
export class Activations {
  readonly #factories = new Map<ActorType, ActorFactory>()
  readonly #active = new Map<string, Activation>()
  readonly #leaving = new Map<string, Promise<void>>()
  readonly #hooks: ActivationHooks
  readonly #logger: Logger
  readonly #sweeper: NodeJS.Timeout
  #closing = false

  constructor(options: { idleMs: number; logger: Logger; hooks?: ActivationHooks }) {
    this.#logger = options.logger
    this.#hooks = options.hooks ?? {}
    this.#sweeper = setInterval(() => this.#sweep(options.idleMs), Math.max(50, options.idleMs / 4)).unref()
  }

  register(type: ActorType, make: ActorFactory): void {
    this.#factories.set(type, make)
  }

  get size(): number {
    return this.#active.size
  }

  has(type: ActorType, id: string): boolean {
    return this.#active.has(key(type, id))
  }

  /** Runs one turn, activating the actor first if need be. Throws ActorMoved when the activation ends before it. */
  invoke(type: ActorType, id: string, method: string, args: unknown, deadline: number): Promise<unknown> {
    return this.#turn(type, id, actor => actor.invoke(method, args), deadline)
  }

  /** Activates the actor if it isn't active; resolves when it is. */
  async ensure(type: ActorType, id: string, deadline: number): Promise<void> {
    await this.#turn(type, id, () => undefined, deadline)
  }

  #turn(type: ActorType, id: string, run: Turn, deadline: number): Promise<unknown> {
    if (this.#closing) return Promise.reject(new ActorMoved())
    const name = key(type, id)
    let activation = this.#active.get(name)
    if (!activation) {
      activation = this.#create(name, type, id)
      this.#active.set(name, activation)
    }
    return activation.turn(run, deadline)
  }

  /** Ends one activation in order; resolves when it is gone. */
  async drop(type: ActorType, id: string, reason: DeactivateReason): Promise<void> {
    const name = key(type, id)
    this.#drop(name, this.#active.get(name), reason)
    await this.#leaving.get(name)
  }

  /** Before its next turn every actor has to confirm that it is still the one: others may have taken over. */
  doubtAll(): void {
    for (const activation of this.#active.values()) activation.doubt()
  }

  /** Ends all; no call is taken from now on. `moved`: the callers will find them elsewhere. */
  async close(reason: 'shutdown' | 'moved' = 'shutdown'): Promise<void> {
    this.#closing = true
    clearInterval(this.#sweeper)
    for (const [name, activation] of this.#active) this.#drop(name, activation, reason)
    await Promise.all(this.#leaving.values())
  }

  #create(name: string, type: ActorType, id: string): Activation {
    const make = this.#factories.get(type)
    if (!make) throw new Error(`no actor type ${type} is hosted here`)
    const state = this.#hooks.state?.(type, id)
    const drop = (reason: DeactivateReason) => this.#drop(name, activation, reason)
    const activation: Activation = new Activation(
      make(state ? { id, drop, state } : { id, drop }),
      async () => {
        try {
          await this.#leaving.get(name)
          await activation.actor.activate()
          // One that was dropped meanwhile has left already: nobody would undo what the hook does.
          if (!activation.gone) await this.#hooks.activated?.(type, id)
        } catch (error) {
          drop('moved')
          throw error
        }
      },
      reason => this.#hooks.leaving?.(type, id, reason),
    )
    return activation
  }

  #drop(name: string, activation: Activation | undefined, reason: DeactivateReason): void {
    if (!activation || this.#active.get(name) !== activation) return
    this.#active.delete(name)
    const left = activation
      .leave(reason)
      .catch(error =>
        this.#logger.error({ err: error, actor: name, reason }, 'an actor did not deactivate in order'),
      )
      .finally(() => {
        if (this.#leaving.get(name) === left) this.#leaving.delete(name)
      })
    this.#leaving.set(name, left)
  }

  #sweep(idleMs: number): void {
    const before = Date.now() - idleMs
    for (const [name, activation] of this.#active) {
      if (activation.idleSince(before)) this.#drop(name, activation, 'idle')
    }
  }
}

const key = (type: ActorType, id: string) => `${type}/${id}`

type Turn = (actor: Actor) => unknown

class Activation {
  readonly actor: Actor
  readonly #activate: () => Promise<void>
  readonly #leaving: (reason: DeactivateReason) => Promise<void> | undefined
  readonly #mailbox = new Mailbox()
  #state: 'new' | 'active' | 'gone' = 'new'
  #lastTurn = Date.now()
  #doubts = 0
  #settledDoubts = 0

  constructor(
    actor: Actor,
    activate: () => Promise<void>,
    leaving: (reason: DeactivateReason) => Promise<void> | undefined,
  ) {
    this.actor = actor
    this.#activate = activate
    this.#leaving = leaving
  }

  turn(run: Turn, deadline: number): Promise<unknown> {
    return this.#mailbox.run(() => {
      const now = Date.now()
      this.#lastTurn = now
      if (now > deadline + OVERDUE_MS || this.#state === 'gone') throw new ActorMoved()
      if (this.#state === 'new') return this.#firstTurn(run)
      return this.#doubts === this.#settledDoubts ? run(this.actor) : this.#confirmedTurn(run)
    })
  }

  doubt(): void {
    this.#doubts++
  }

  async #firstTurn(run: Turn): Promise<unknown> {
    await this.#activate()
    if (this.gone) throw new ActorMoved()
    this.#state = 'active'
    return run(this.actor)
  }

  async #confirmedTurn(run: Turn): Promise<unknown> {
    const doubts = this.#doubts
    const confirmed = (await this.actor.confirm?.()) ?? true
    if (!confirmed || this.gone) throw new ActorMoved()
    this.#settledDoubts = doubts
    return run(this.actor)
  }

  get gone(): boolean {
    return this.#state === 'gone'
  }

  idleSince(before: number): boolean {
    return this.#lastTurn < before && this.#mailbox.empty && this.actor.mayIdle()
  }

  /** The turn that runs ends as it may; those that wait are answered `moved`. */
  async leave(reason: DeactivateReason): Promise<void> {
    this.#state = 'gone'
    await this.#leaving(reason)
    await this.#mailbox.run(() => this.actor.deactivate(reason))
  }
}
