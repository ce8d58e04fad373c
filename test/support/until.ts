import { setTimeout as pause } from 'node:timers/promises'

const ASK_AGAIN_MS = 10
const WAIT_MS = 8000

/** The first answer of `check` that is neither undefined nor false. Rejects with `complaint` when none comes. */
export async function until<T>(
  check: () => T | Promise<T>,
  complaint: string,
  waitMs = WAIT_MS,
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + waitMs
  for (;;) {
    const answer = await check()
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>
    if (performance.now() > deadline) throw new Error(complaint)
    await pause(ASK_AGAIN_MS)
  }
}
