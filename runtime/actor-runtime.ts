/**
 * The port between callers and actors.
 *
 * Guarantees, on every adapter:
 * - at most one turn of an actor runs at a time in one host; turns run in the order of arrival there;
 * - an actor is activated by its first call and dropped after `idleMs` without one (unless it `mayIdle()` says no);
 * - a call ends with the method's result, with the error the method threw (its `reason` kept), or with
 *   `ActorUnavailable` once its deadline has passed; the method may then still run, or have run;
 * - a call may run more than once (a retry after a lost answer): every method is idempotent.
 */
export interface ActorRuntime {
  /** `args` and the result are JSON values; neither side may change them afterwards. */
  call(type: ActorType, id: string, method: string, args: unknown, options?: CallOptions): Promise<unknown>
}

/** The part of a runtime that hosts actors. */
export interface ActorHosting {
  /** Names the maker of a type's actors; once for each type, before the first call. */
  register(type: ActorType, make: ActorFactory): void
  /** The name under which this process's actors answer signs of life. */
  readonly hostId: string
}

export type ActorType = 'user' | 'group'

export interface CallOptions {
  /** Absolute, ms since 1970; default: now + CALL_TIMEOUT_MS. */
  readonly deadline?: number
  /** Aborted when nobody waits for the answer any more: the call is not tried again. */
  readonly signal?: AbortSignal
}

export const CALL_TIMEOUT_MS = 10_000

export interface Actor {
  /** Runs before the first turn; throwing refuses the activation and the call that caused it. */
  activate(): Promise<void>
  /** One turn. Unknown methods throw. */
  invoke(method: string, args: unknown): unknown
  /** Runs after the last turn. Short: idle deactivations of a type follow one another. */
  deactivate(reason: DeactivateReason): Promise<void>
  /** False keeps an idle actor active, as one with a live route wants to be. */
  mayIdle(): boolean
  /**
   * Asked before a turn when others may have taken over unnoticed (the process stood still or was cut off). False
   * refuses the turn as `moved`; the actor drops itself then. An actor without it always goes on.
   */
  confirm?(): Promise<boolean>
}

export type DeactivateReason = 'idle' | 'moved' | 'superseded' | 'shutdown'

export interface ActorContext {
  readonly id: string
  /** Drops this activation: it takes no further turn, and callers are told `moved` and try again. */
  drop(reason: DeactivateReason): void
  /** Absent where there is no such place. */
  readonly state?: ActorState
}

/**
 * Where an activation leaves a snapshot for the next one: a cache. It may be missing, old, or of an activation
 * that was superseded, so it says itself of which moment it is.
 */
export interface ActorState {
  /** Undefined when there is none, or it can't be had now. */
  load(): Promise<unknown>
  /** Best effort: never rejects. `snapshot` is a JSON value. */
  save(snapshot: unknown): Promise<void>
}

export type ActorFactory = (context: ActorContext) => Actor

/** The activation that would have answered is gone; the same call can be made again at once. */
export class ActorMoved extends Error {
  constructor() {
    super('moved')
    this.name = 'ActorMoved'
  }
}

/** No answer before the deadline. The outcome of the call is unknown. */
export class ActorUnavailable extends Error {
  constructor(type: string, id: string, options?: ErrorOptions) {
    super(`no answer from ${type} ${id} before the deadline`, options)
    this.name = 'ActorUnavailable'
  }
}

/** A contract maps method names to functions of one argument. */
type Contract<C> = { [M in keyof C]: (args: never) => unknown }

/** Typed calls to the actors of one type. */
export class Actors<C extends Contract<C>> {
  readonly #runtime: ActorRuntime
  readonly #type: ActorType

  constructor(runtime: ActorRuntime, type: ActorType) {
    this.#runtime = runtime
    this.#type = type
  }

  call<M extends keyof C & string>(
    id: string,
    method: M,
    args: Parameters<C[M]>[0],
    options?: CallOptions,
  ): Promise<Awaited<ReturnType<C[M]>>> {
    return this.#runtime.call(this.#type, id, method, args, options) as Promise<Awaited<ReturnType<C[M]>>>
  }
}
