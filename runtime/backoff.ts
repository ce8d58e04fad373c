/** Full jitter: a delay in ms, uniform between 0 and min(cap, base × factor^attempt). */
export function fullJitter(attempt: number, baseMs: number, capMs: number, factor = 2): number {
  return Math.random() * Math.min(capMs, baseMs * factor ** attempt)
}

/** Resolves after `ms`, or rejects with the signal's reason when that comes first. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** Resolves after `ms`, or as soon as the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, signal)
  } catch {
    // Aborted: whoever pauses looks for itself.
  }
}
