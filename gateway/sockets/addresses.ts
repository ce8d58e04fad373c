import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'
import proxyAddress from '@fastify/proxy-addr'
import type { TokenBucket } from 'limiter'
import type { Settings } from '../../runtime/settings.ts'
import { fullBucket } from '../connection/rates.ts'

/** Addresses whose tries are remembered; the one that has been quiet for longest is forgotten for a new one. */
const MAX_ADDRESSES = 10_000

export type AddressSettings = Pick<
  Settings,
  | 'TRUSTED_PROXIES'
  | 'CONNECTIONS_PER_ADDRESS'
  | 'CONNECTS_PER_ADDRESS_PER_SECOND'
  | 'CONNECTS_PER_ADDRESS_BURST'
>

/** From where clients connect to this gateway, and how much each place may. Behind a proxy it has to be a trusted one. */
export class Addresses {
  readonly #settings: AddressSettings
  readonly #trusts: (address: string, hop: number) => boolean
  readonly #open = new Map<string, number>()
  readonly #tries = new Map<string, TokenBucket>()

  constructor(settings: AddressSettings) {
    this.#settings = settings
    this.#trusts = proxyAddress.compile([...settings.TRUSTED_PROXIES])
  }

  /** What counts as one place of the request's client. */
  of(request: IncomingMessage): string {
    return addressKey(proxyAddress(request, this.#trusts))
  }

  /** Notes a try to connect. False when there have been too many, or too many connections are open. */
  mayConnect(address: string): boolean {
    if ((this.#open.get(address) ?? 0) >= this.#settings.CONNECTIONS_PER_ADDRESS) return false
    return this.#bucketOf(address).tryRemoveTokens(1)
  }

  opened(address: string): void {
    this.#open.set(address, (this.#open.get(address) ?? 0) + 1)
  }

  closed(address: string): void {
    const left = (this.#open.get(address) ?? 1) - 1
    if (left > 0) this.#open.set(address, left)
    else this.#open.delete(address)
  }

  #bucketOf(address: string): TokenBucket {
    const { CONNECTS_PER_ADDRESS_PER_SECOND, CONNECTS_PER_ADDRESS_BURST } = this.#settings
    return remembered(this.#tries, address, MAX_ADDRESSES, () =>
      fullBucket(CONNECTS_PER_ADDRESS_PER_SECOND, CONNECTS_PER_ADDRESS_BURST),
    )
  }
}

/** The value of a key, made where there is none, and now the last of at most `limit` to be forgotten. */
export function remembered<V>(values: Map<string, V>, key: string, limit: number, make: () => V): V {
  const value = values.get(key) ?? make()
  values.delete(key)
  values.set(key, value)
  const [oldest] = values.size > limit ? values.keys() : []
  if (oldest !== undefined) values.delete(oldest)
  return value
}

/** An IPv6 customer has at least a /64 of addresses: they count as one. */
export function addressKey(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':')
    while (groups.length + after.length < 8) groups.push('0')
    groups.push(...after)
  }
  return groups.slice(0, 4).join(':')
}
