import type { Random } from '../random.ts'

/** The parts that faults happen to. `pair` is an actor host with its sidecar, `clients` all clients at once. */
export const targets = [
  'gateway',
  'host',
  'daprd',
  'pair',
  'saver',
  'placement',
  'nats',
  'database',
  'link',
  'hosts',
  'clients',
] as const
export type FaultTarget = (typeof targets)[number]

/**
 * - `kill`: SIGKILL, and a start after `forMs`.
 * - `freeze`: SIGSTOP, and SIGCONT after `forMs`.
 * - `drain`: SIGTERM, and a start after `forMs`.
 * - `cut`, `slow`, `reset`: a process's way to NATS or the database is down, late, or broken off, for `forMs`.
 * - `join`: one more actor host, which leaves again after `forMs`.
 * - `storm`: every client loses its connection.
 */
export type FaultKind = 'kill' | 'freeze' | 'drain' | 'cut' | 'slow' | 'reset' | 'join' | 'storm'

export interface Fault {
  /** ms from the start. */
  readonly at: number
  readonly target: FaultTarget
  readonly kind: FaultKind
  readonly forMs: number
  /** In [0, 1): which of the target's processes. */
  readonly which: number
}

interface Shape {
  readonly kind: FaultKind
  readonly weight: number
  readonly forMs: readonly [low: number, high: number]
}

const kill: Shape = { kind: 'kill', weight: 3, forMs: [100, 2500] }
const freeze: Shape = { kind: 'freeze', weight: 2, forMs: [300, 5000] }

const shapes: Readonly<Record<FaultTarget, readonly Shape[]>> = {
  gateway: [kill, freeze, { kind: 'drain', weight: 2, forMs: [100, 1500] }],
  host: [kill, freeze],
  daprd: [kill, freeze],
  pair: [kill, freeze, { kind: 'drain', weight: 2, forMs: [100, 1500] }],
  saver: [kill, freeze],
  placement: [kill, freeze],
  nats: [
    { kind: 'kill', weight: 2, forMs: [100, 3000] },
    { kind: 'freeze', weight: 1, forMs: [300, 3000] },
  ],
  database: [
    { kind: 'kill', weight: 2, forMs: [100, 3000] },
    { kind: 'freeze', weight: 1, forMs: [300, 4000] },
  ],
  link: [
    { kind: 'cut', weight: 2, forMs: [300, 4000] },
    { kind: 'slow', weight: 2, forMs: [1000, 4000] },
    { kind: 'reset', weight: 1, forMs: [0, 0] },
  ],
  hosts: [{ kind: 'join', weight: 1, forMs: [2000, 5000] }],
  clients: [{ kind: 'storm', weight: 1, forMs: [0, 0] }],
}

export interface Mix {
  readonly of: readonly FaultTarget[]
  readonly durationMs: number
  /** Between two faults on average. They may overlap. */
  readonly everyMs: number
}

/** A seeded mix of faults; the last of them heal before its end. */
export function planFaults(random: Random, { of, durationMs, everyMs }: Mix): Fault[] {
  const faults: Fault[] = []
  for (let at = everyMs; at < durationMs; at += random.between(0.3, 1.7) * everyMs) {
    const target = random.pick(of)
    const shape = pickShape(random, shapes[target])
    const forMs = Math.min(random.between(...shape.forMs), Math.max(0, durationMs - at))
    faults.push({ at, target, kind: shape.kind, forMs, which: random.next() })
  }
  return faults
}

function pickShape(random: Random, of: readonly Shape[]): Shape {
  return random.pick(of.flatMap(shape => Array.from({ length: shape.weight }, () => shape)))
}
