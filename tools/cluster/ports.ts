import { createServer, type Server } from 'node:net'

// Below the range that the kernel takes for outgoing connections (from 32768 on Linux): a port of a
// process that is down would otherwise sooner or later be some client's, and the restart would fail.
const LOWEST = 20_000
const HIGHEST = 32_000
const ATTEMPTS = 1_000

/** Finds free ports on 127.0.0.1 and never offers the same one twice. */
export class PortPicker {
  readonly #offered = new Set<number>()

  /** One free port for each name. */
  async pick<Name extends string>(...names: Name[]): Promise<Record<Name, number>> {
    const ports = await Promise.all(names.map(() => this.one()))
    return Object.fromEntries(names.map((name, i) => [name, ports[i]])) as Record<Name, number>
  }

  /** Claims a port that somebody asked for; rejects when something listens there already. */
  async claim(port: number): Promise<number> {
    this.#offered.add(port)
    if (!(await isFree(port))) throw new Error(`port ${port} is in use`)
    return port
  }

  /** Just one. */
  async one(): Promise<number> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
      if (this.#offered.has(port)) continue
      this.#offered.add(port)
      if (await isFree(port)) return port
    }
    throw new Error(`no free port between ${LOWEST} and ${HIGHEST}`)
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server: Server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
