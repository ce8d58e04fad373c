import type { DevicePolicy } from '../../protocol/device-policy.ts'
import type { Binding, ConnectionRef, Refused } from './contract.ts'

/** The durable form of a route: the body of the user's ownership claim. */
export interface RouteBody {
  readonly connections: readonly Binding[]
  /** The ids of the connections that were evicted last, the latest last. */
  readonly evicted?: readonly string[]
}

export interface Eviction {
  readonly connection: Binding
  readonly reason: 'kicked' | 'session_invalid'
}

export interface RouteChange {
  readonly connections: readonly Binding[]
  readonly evicted: readonly Eviction[]
}

/** What decides who stays, where bindings name no policy of their own. */
export interface RouteRules {
  readonly policy: DevicePolicy
  /** Connections that `per-device` or a binding's own policy allow at most. */
  readonly maxDevices: number
}

/**
 * The route if `binding` were bound now, by the binding's policy: lower session versions go, then an older connection
 * of its device where there is one for each, then the oldest over the limit.
 */
export function planBind(connections: readonly Binding[], binding: Binding, rules: RouteRules): RouteChange {
  const others = connections.filter(other => other.connId !== binding.connId)
  const { connections: kept, evicted } = planSession(others, binding.sv)
  const isReplaced = ({ device }: Binding) =>
    policyOf(binding, rules).keep === 'one-per-device' && device === binding.device
  const rest = kept.filter(other => !isReplaced(other))
  const surplus = Math.max(0, rest.length + 1 - limitOf(binding, rules))
  const kicked = [...kept.filter(isReplaced), ...rest.slice(0, surplus)]
  return {
    connections: [...rest.slice(surplus), binding],
    evicted: [...evicted, ...kicked.map(connection => ({ connection, reason: 'kicked' as const }))],
  }
}

const policyOf = ({ policy }: Binding, rules: RouteRules): DevicePolicy => policy ?? rules.policy

function limitOf(binding: Binding, rules: RouteRules): number {
  const policy = policyOf(binding, rules)
  if (policy.keep === 'one-per-device') return rules.maxDevices
  return binding.policy === undefined ? policy.count : Math.min(policy.count, rules.maxDevices)
}

/** The route once `sv` is the user's session version. */
export function planSession(connections: readonly Binding[], sv: number): RouteChange {
  const evicted: Eviction[] = []
  const kept: Binding[] = []
  for (const connection of connections) {
    if (connection.sv < sv) evicted.push({ connection, reason: 'session_invalid' })
    else kept.push(connection)
  }
  return { connections: kept, evicted }
}

/** Why a call of a connection outside the route is refused: `kicked` where the newest one has left it no place. */
export function refuseUnrouted(
  routed: readonly Binding[],
  rules: RouteRules,
  sessionVersion: number,
  ref: ConnectionRef,
): Refused {
  if (ref.sv < sessionVersion) return { ok: false, reason: 'session_invalid' }
  const newest = routed.at(-1)
  if (!newest) return { ok: false, reason: 'unbound' }
  const isReplaced =
    policyOf(newest, rules).keep === 'one-per-device' && routed.some(({ device }) => device === ref.device)
  return { ok: false, reason: isReplaced || routed.length >= limitOf(newest, rules) ? 'kicked' : 'unbound' }
}

/** What a claim of an earlier activation says, or no connections when it says nothing readable. */
export function routeOf(body: unknown): readonly Binding[] {
  const connections = (body as Partial<RouteBody> | null | undefined)?.connections
  return Array.isArray(connections) ? (connections as Binding[]) : []
}

/** Which connections have been evicted by then, as far as such a claim says it. */
export function evictedOf(body: unknown): readonly string[] {
  const evicted = (body as Partial<RouteBody> | null | undefined)?.evicted
  return Array.isArray(evicted) ? (evicted as string[]) : []
}
