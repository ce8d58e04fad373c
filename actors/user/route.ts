import type { Binding, ConnectionRef, Refused } from './contract.ts'

/** The durable form of a route: the body of the user's ownership claim. */
export interface RouteBody {
  readonly connections: readonly Binding[]
}

export interface Eviction {
  readonly connection: Binding
  readonly reason: 'kicked' | 'session_invalid'
}

export interface RouteChange {
  readonly connections: readonly Binding[]
  readonly evicted: readonly Eviction[]
}

/** The route if `binding` were bound now: lower session versions go, then the oldest over `limit`. */
export function planBind(connections: readonly Binding[], binding: Binding, limit: number): RouteChange {
  const others = connections.filter(other => other.connId !== binding.connId)
  const { connections: kept, evicted } = planSession(others, binding.sv)
  const surplus = Math.max(0, kept.length + 1 - limit)
  return {
    connections: [...kept.slice(surplus), binding],
    evicted: [
      ...evicted,
      ...kept.slice(0, surplus).map(connection => ({ connection, reason: 'kicked' as const })),
    ],
  }
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

/** Why a call of a connection outside the route is refused. */
export function refuseUnrouted(
  routed: number,
  limit: number,
  sessionVersion: number,
  ref: ConnectionRef,
): Refused {
  if (ref.sv < sessionVersion) return { ok: false, reason: 'session_invalid' }
  return { ok: false, reason: routed >= limit ? 'kicked' : 'unbound' }
}

/** What a claim of an earlier activation says, or no connections when it says nothing readable. */
export function routeOf(body: unknown): readonly Binding[] {
  const connections = (body as Partial<RouteBody> | null | undefined)?.connections
  return Array.isArray(connections) ? (connections as Binding[]) : []
}
