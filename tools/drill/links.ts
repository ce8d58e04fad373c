import { TcpProxy } from './tcp-proxy.ts'

/** The ways of Homing's processes to NATS and to the database, each a proxy of its own. */
export class Links {
  readonly #proxies = new Map<string, TcpProxy>()

  /** `host-1 → nats` and so on. */
  get names(): readonly string[] {
    return [...this.#proxies.keys()]
  }

  /** The launcher's hook: puts a proxy between a process and one of its servers. Answers the URL to use instead. */
  readonly route = async (process: string, server: 'nats' | 'database', url: string): Promise<string> => {
    const target = new URL(url)
    const proxy = await TcpProxy.listen({ host: target.hostname, port: Number(target.port) })
    this.#proxies.set(`${process} → ${server}${this.#count(process, server)}`, proxy)
    target.port = String(proxy.port)
    return target.href
  }

  get(name: string): TcpProxy {
    const proxy = this.#proxies.get(name)
    if (!proxy) throw new Error(`no link ${name}`)
    return proxy
  }

  close(): void {
    for (const proxy of this.#proxies.values()) proxy.close()
  }

  /** A process has a link to each of several servers. */
  #count(process: string, server: string): string {
    const before = this.names.filter(name => name.startsWith(`${process} → ${server}`)).length
    return before === 0 ? '' : ` ${before + 1}`
  }
}
