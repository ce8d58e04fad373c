/** How long clients were offline, by the fault that came before. */
export class Recoveries {
  readonly #byFault = new Map<string, number[]>()

  add(fault: string, offlineMs: number): void {
    const times = this.#byFault.get(fault) ?? []
    times.push(offlineMs)
    this.#byFault.set(fault, times)
  }

  /** A line for each fault: how many clients, and p50, p99 and the longest in ms. */
  lines(): string[] {
    return [...this.#byFault].map(([fault, times]) => {
      times.sort((a, b) => a - b)
      const at = (share: number) =>
        Math.round(times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0)
      const figures = `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`
      return `  ${fault.padEnd(18)} ${String(times.length).padStart(5)} reconnected: ${figures}`
    })
  }
}
