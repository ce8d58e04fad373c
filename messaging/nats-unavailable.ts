import { LogUnavailable } from './message-log.ts'

/** For readers, who repeat by themselves: whatever the log did not answer, or refused, is LogUnavailable. */
export async function orUnavailable<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw new LogUnavailable((error as Error).message, { cause: error })
  }
}
