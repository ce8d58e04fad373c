import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 50
const PROBE_TIMEOUT_MS = 1_000

/** Waits until `holds` says yes; false when `signal` ends the wait first. A rejection counts as no. */
export async function waitUntil(holds: () => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await holds().catch(() => false)) return true
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined)
  }
  return false
}

/** The JSON of a 200 answer; rejects on anything else. */
export async function getJson(url: string, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`)
  return response.json()
}

/** Whether GET answers 200. */
export async function answersOk(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
  await response.body?.cancel()
  return response.status === 200
}

/** Whether a server on this port says something on its own accord, as MySQL does. */
export function greets(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    const answer = (greeted: boolean) => {
      socket.destroy()
      resolve(greeted)
    }
    socket.setTimeout(PROBE_TIMEOUT_MS, () => answer(false))
    socket.once('data', () => answer(true))
    socket.once('error', () => answer(false))
    socket.once('close', () => resolve(false))
  })
}
