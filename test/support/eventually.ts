import { setTimeout as delay } from 'node:timers/promises'

/** Repeats `attempt` until it does not throw; fails with its last error after `withinMs`. */
export async function eventually<T>(attempt: () => Promise<T> | T, withinMs = 10_000): Promise<T> {
  const end = performance.now() + withinMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() > end) throw error
    }
    await delay(20)
  }
}
