import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * - `up`: everything goes through at once.
 * - `down`: nothing goes through and nothing is said: what is connected hangs, what connects hangs too.
 * - `slow`: everything goes through this much later, in order.
 */
export type LinkState =
  | { readonly kind: 'up' }
  | { readonly kind: 'down' }
  | { readonly kind: 'slow'; readonly delayMs: number }

/** A TCP connection's two ends. */
interface Pipe {
  readonly near: Socket
  readonly far: Socket
}

/** A link in the hands of a drill: a TCP proxy that can be cut, slowed and reset. */
export class TcpProxy {
  readonly #server: Server
  readonly #to: { readonly host: string; readonly port: number }
  readonly #pipes = new Set<Pipe>()
  #state: LinkState = { kind: 'up' }

  private constructor(to: { host: string; port: number }) {
    this.#to = to
    this.#server = createServer({ allowHalfOpen: true }, near => this.#connect(near))
  }

  static async listen(to: { host: string; port: number }): Promise<TcpProxy> {
    const proxy = new TcpProxy(to)
    await new Promise<void>(resolve => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen')
    return address.port
  }

  set(state: LinkState): void {
    this.#state = state
    for (const { near, far } of this.#pipes) {
      for (const socket of [near, far]) state.kind === 'down' ? socket.pause() : socket.resume()
    }
  }

  /** Breaks every connection off. */
  reset(): void {
    for (const { near, far } of this.#pipes) {
      near.resetAndDestroy()
      far.resetAndDestroy()
    }
  }

  close(): void {
    this.#server.close()
    this.reset()
  }

  #connect(near: Socket): void {
    const far = connect({ ...this.#to, allowHalfOpen: true })
    const pipe: Pipe = { near, far }
    this.#pipes.add(pipe)
    this.#forward(near, far)
    this.#forward(far, near)
    const end = () => {
      this.#pipes.delete(pipe)
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) {
      socket.setNoDelay(true)
      socket.on('error', end)
      socket.on('close', end)
      if (this.#state.kind === 'down') socket.pause()
    }
  }

  #forward(from: Socket, to: Socket): void {
    // One after another, so that a link that becomes fast again does not turn the order around.
    let before = Promise.resolve()
    const later = (step: () => void) => {
      const state = this.#state
      const wait =
        state.kind === 'slow' ? new Promise<void>(resolve => setTimeout(resolve, state.delayMs)) : undefined
      before = Promise.all([before, wait]).then(step)
    }
    from.on('data', (chunk: Buffer) => later(() => to.write(chunk)))
    from.on('end', () => later(() => to.end()))
  }
}
