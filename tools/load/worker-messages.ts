import type { EncodedLatencies } from './latencies.ts'
import type { LoadOptions } from './options.ts'
import type { Counts, Errors } from './tally.ts'

/** One process's share of a run. */
export interface Share {
  readonly options: LoadOptions
  readonly runId: string
  /** Numbers of its clients: from `first`, `count` of them. */
  readonly first: number
  readonly count: number
  /** How many workers there are, and which one this is. */
  readonly workers: number
  readonly worker: number
}

export interface Progress {
  readonly open: number
  readonly turns: number
  readonly unsettled: number
  readonly errors: number
}

export interface WorkerResult {
  readonly counts: Counts
  readonly errors: Errors
  readonly latencies: EncodedLatencies
  /** Of this process while it sent, s of CPU a second. */
  readonly cpu: number
}

/** What the launcher tells a worker process, one after the other; each is answered once it is done. */
export type Order =
  | { readonly order: 'connect'; readonly share: Share }
  /** `startAt`: ms since 1970, the same for all workers. */
  | { readonly order: 'run'; readonly startAt: number }
  | { readonly order: 'finish' }

export type Answer =
  | { readonly answer: 'connected' }
  | { readonly answer: 'ran' }
  | { readonly answer: 'finished'; readonly result: WorkerResult }
  | { readonly answer: 'failed'; readonly reason: string }
  /** Unasked, every second. */
  | { readonly answer: 'progress'; readonly progress: Progress }
