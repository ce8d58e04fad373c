import { setTimeout as pause } from 'node:timers/promises'
import { Latencies, type Summaries } from '../tools/load/latencies.ts'
import { pace } from '../tools/load/pace.ts'
import { Schedule } from '../tools/load/schedule.ts'
import { Random } from '../tools/random.ts'
import { type ByRole, cpuSeconds, difference, total } from './process-cpu.ts'
import type { Subject } from './subjects/subject.ts'
import { WirePair } from './wire-pair.ts'

/** Messages a second over all pairs in an open loop, or as many as the subject takes. */
export type Rate = number | 'saturation'

export interface DurableResult {
  readonly seconds: number
  /** In the measured time. */
  readonly done: number
  readonly donePerSecond: number
  readonly cpuSeconds: number
  readonly messagesPerCpuSecond: number
  /** µs of CPU a message, by process role. */
  readonly microseconds: ByRole
  /** ms since each message was due: `saved` when done, `e2e` when received. */
  readonly latencies: Summaries
  /** Sent in the whole run and not done, or not received, when it had settled. */
  readonly missing: number
}

export interface DurableOptions {
  readonly rate: Rate
  readonly seconds: number
  readonly seed: number
}

const PAIRS = 100
const BODY = 'a message as people write them, of about a hundred characters, more or less: see you at eight?'
/** Messages a pair has under way at saturation. */
const WINDOW = 8
const WARM_UP_MS = 2000
const SETTLE_MS = 15_000
const POLL_MS = 20

/** Pairs of users on a subject, connected once and measured often. */
export async function connectPairs(subject: Subject): Promise<WirePair[]> {
  const { urls, dialect, name } = subject
  const urlOf = (index: number) => urls[index % urls.length] ?? ''
  const pairs: WirePair[] = []
  for (let i = 0; i < PAIRS; i++) {
    const ends = { sender: urlOf(i), receiver: urlOf(i + 1) }
    const names = {
      sender: `${name.replace('.', '-')}-from-${i}`,
      receiver: `${name.replace('.', '-')}-to-${i}`,
    }
    pairs.push(await WirePair.connect(ends, names, dialect, BODY))
  }
  return pairs
}

/** Messages from sender to receiver over all pairs, after a warm-up; every one is waited for in the end. */
export async function measureDurable(
  { processes }: Subject,
  pairs: readonly WirePair[],
  { rate, seconds, seed }: DurableOptions,
): Promise<DurableResult> {
  const latencies = new Latencies()
  const observer = {
    done: (ms: number) => latencies.record('saved', ms),
    received: (ms: number) => latencies.record('e2e', ms),
  }
  const load = rate === 'saturation' ? saturate(pairs, seconds) : openLoop(pairs, rate, seconds, seed)
  await pause(WARM_UP_MS)
  for (const pair of pairs) pair.observer = observer
  const before = { done: sum(pairs, 'done'), cpu: cpuSeconds(processes), at: performance.now() }
  await pause(seconds * 1000)
  const done = sum(pairs, 'done') - before.done
  const took = (performance.now() - before.at) / 1000
  const cpu = difference(cpuSeconds(processes), before.cpu)
  for (const pair of pairs) pair.observer = undefined
  await load
  await settle(pairs)
  return {
    seconds: took,
    done,
    donePerSecond: done / took,
    cpuSeconds: total(cpu),
    messagesPerCpuSecond: done / total(cpu),
    microseconds: Object.fromEntries(Object.entries(cpu).map(([role, used]) => [role, (used * 1e6) / done])),
    latencies: latencies.summaries(),
    missing: 2 * sum(pairs, 'sent') - sum(pairs, 'done') - sum(pairs, 'received'),
  }
}

async function openLoop(
  pairs: readonly WirePair[],
  rate: number,
  seconds: number,
  seed: number,
): Promise<void> {
  const schedule = new Schedule(pairs.length, (pairs.length * 1000) / rate, new Random(seed))
  const start = performance.now()
  const endMs = WARM_UP_MS + seconds * 1000
  await pace(schedule, { start, endMs }, ({ sender, at }) => pairs[sender]?.send(start + at))
}

async function saturate(pairs: readonly WirePair[], seconds: number): Promise<void> {
  for (const pair of pairs) pair.saturate(WINDOW)
  await pause(WARM_UP_MS + seconds * 1000)
  for (const pair of pairs) pair.pause()
}

async function settle(pairs: readonly WirePair[]): Promise<void> {
  const deadline = performance.now() + SETTLE_MS
  while (performance.now() < deadline && !pairs.every(pair => pair.settled)) await pause(POLL_MS)
}

const sum = (pairs: readonly WirePair[], counter: 'sent' | 'done' | 'received'): number =>
  pairs.reduce((all, { counters }) => all + counters[counter], 0)
