import { Superseded } from '../messaging/message-log.ts'
import { type ActorContext, ActorMoved } from '../runtime/actor-runtime.ts'

/**
 * Runs what only the owner may do. An activation that finds itself superseded meanwhile, be it in its first claim,
 * ends with ActorMoved: whoever called looks for the actor elsewhere.
 */
export async function asOwner<T>({ drop }: Pick<ActorContext, 'drop'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Superseded)) throw error
    drop('superseded')
    throw new ActorMoved()
  }
}
