import type { Cluster } from '../cluster/cluster.ts'
import type { DrillUser } from './drill-user.ts'
import { type FaultTarget, targets } from './schedule.ts'
import { usersOfHost } from './whereabouts.ts'

/** Those of a drill's targets whose users have to find their way again when they are lost. */
const lostTargets = ['gateway', 'pair', 'host', 'daprd'] as const satisfies readonly FaultTarget[]

export interface OutageKind {
  readonly target: (typeof lostTargets)[number]
  readonly kind: 'kill' | 'freeze'
}

/** Each of the chosen targets that can be lost, killed and then frozen. */
export const outagesOf = (chosen: readonly FaultTarget[]): OutageKind[] =>
  lostTargets
    .filter(target => chosen.includes(target) || chosen.length === targets.length)
    .flatMap(target => [
      { target, kind: 'kill' as const },
      { target, kind: 'freeze' as const },
    ])

/** A gateway, or a host or what is beside it, that is lost for a while. */
export class Outage {
  readonly kind: OutageKind
  readonly users: readonly DrillUser[]
  readonly #cluster: Cluster
  readonly #victim: string

  private constructor(kind: OutageKind, cluster: Cluster, victim: string, users: readonly DrillUser[]) {
    this.kind = kind
    this.users = users
    this.#cluster = cluster
    this.#victim = victim
  }

  /** One of the gateway or host that most users are on. */
  static async of(kind: OutageKind, cluster: Cluster, users: readonly DrillUser[]): Promise<Outage> {
    const role = kind.target === 'gateway' ? 'gateway' : 'host'
    const candidates = cluster.processes.filter(process => process.role === role)
    const outages = await Promise.all(
      candidates.map(async ({ name }, index) => {
        const there =
          role === 'gateway'
            ? users.filter(({ gateway }) => gateway === cluster.gateways[index])
            : await onHost(cluster, name, users)
        return new Outage(kind, cluster, name, there)
      }),
    )
    const [most] = outages.sort((a, b) => b.users.length - a.users.length)
    if (!most) throw new Error(`the cluster has no ${role}`)
    return most
  }

  /** What is lost. */
  get processes(): readonly string[] {
    switch (this.kind.target) {
      case 'pair':
        return [this.#victim, `daprd-${this.#victim}`]
      case 'daprd':
        return [`daprd-${this.#victim}`]
      default:
        return [this.#victim]
    }
  }

  async begin(): Promise<void> {
    const { kind } = this.kind
    if (kind === 'kill') await Promise.all(this.processes.map(name => this.#cluster.kill(name)))
    else for (const name of this.processes) this.#cluster.pause(name)
  }

  /** A host and its sidecar start together, whichever of them was killed: neither knows the other's actors. */
  async end(): Promise<void> {
    if (this.kind.kind === 'kill') await this.#cluster.restartPair(this.#victim)
    else for (const name of this.processes) this.#cluster.resume(name)
  }
}

async function onHost(cluster: Cluster, host: string, users: readonly DrillUser[]): Promise<DrillUser[]> {
  const there = await usersOfHost(cluster, host)
  return users.filter(({ name }) => there.has(name))
}
