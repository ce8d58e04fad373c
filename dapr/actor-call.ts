import { LogBusy, LogUnavailable } from '../messaging/message-log.ts'
import { HomingError, isReason } from '../protocol/errors.ts'
import { ActorMoved, ActorUnavailable } from '../runtime/actor-runtime.ts'

/** A call as both carriers take it to an actor's host. */
export interface ActorCall {
  /** The same over all repeats of a call, so that a host can join them. */
  readonly callId: string
  /** Absolute, ms since 1970. */
  readonly deadline: number
  readonly method: string
  readonly args: unknown
}

/** What a host answers. There always is one: a carrier that brings nothing has not delivered. */
export type ActorAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: CarriedError }

/** An error on its way from an actor to its caller. */
export interface CarriedError {
  readonly name: string
  readonly message: string
  readonly reason?: string
  /** The same call may succeed when it is made again within its deadline. */
  readonly retryable: boolean
}

/** An actor's error of a kind that has no class here. */
export class ActorFailure extends Error {
  constructor({ name, message }: CarriedError) {
    super(message)
    this.name = name
  }
}

/** Settles with the answer to give; never rejects. */
export async function answerOf(turn: () => Promise<unknown>): Promise<ActorAnswer> {
  try {
    // A method without a result answers null: undefined would vanish on the way.
    return { ok: true, value: (await turn()) ?? null }
  } catch (error) {
    return { ok: false, error: carried(error) }
  }
}

export const moved: ActorAnswer = { ok: false, error: carried(new ActorMoved()) }

function carried(error: unknown): CarriedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), retryable: false }
  const { name, message } = error
  // An unknown outcome of the log is settled by making the same call again.
  const retryable = error instanceof ActorMoved || error instanceof LogUnavailable
  return error instanceof HomingError
    ? { name, message, reason: error.reason, retryable }
    : { name, message, retryable }
}

/** The error as it was thrown, as far as its caller may want to tell it from others. */
export function rebuilt(error: CarriedError, type: string, id: string): Error {
  switch (error.name) {
    case 'HomingError':
      return isReason(error.reason) ? new HomingError(error.reason, error.message) : new ActorFailure(error)
    case 'ActorMoved':
      return new ActorMoved()
    case 'ActorUnavailable':
      return new ActorUnavailable(type, id)
    case 'LogUnavailable':
      return new LogUnavailable(error.message)
    case 'LogBusy':
      return new LogBusy(error.message)
    default:
      return new ActorFailure(error)
  }
}

/** Whether a value that came over a wire is a call. */
export function isActorCall(value: unknown): value is ActorCall {
  const call = value as Partial<ActorCall> | null
  return (
    typeof call === 'object' &&
    call !== null &&
    typeof call.callId === 'string' &&
    typeof call.deadline === 'number' &&
    typeof call.method === 'string'
  )
}

/** Whether a value that came over a wire is an answer. */
export function isActorAnswer(value: unknown): value is ActorAnswer {
  const answer = value as { ok?: unknown; error?: Partial<CarriedError> } | null
  if (typeof answer !== 'object' || answer === null) return false
  return answer.ok === true || (answer.ok === false && typeof answer.error?.name === 'string')
}
