import { spawn } from 'node:child_process'
import { join } from 'node:path'

/**
 * Ends the cluster's processes when the launcher itself is killed outright and can end nothing any
 * more: a process of its own that reads from a pipe which of them are running. The pipe's end means
 * that the launcher is gone, however that came about.
 */
export class Reaper {
  readonly pid: number
  readonly #pipe

  /** `file` is removed as well: without its cluster, cluster.json tells lies. */
  constructor(file: string) {
    const script = join(import.meta.dirname, 'reaper-main.ts')
    const child = spawn(process.execPath, [script, file], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    child.unref()
    // Without it, nothing is lost but the cleaning up after a kill -9.
    child.on('error', () => undefined)
    this.pid = child.pid ?? 0
    this.#pipe = child.stdin
    this.#pipe.on('error', () => undefined)
  }

  watch(pid: number): void {
    this.#pipe.write(`+${pid}\n`)
  }

  forget(pid: number): void {
    this.#pipe.write(`-${pid}\n`)
  }

  /** Lets it go; it ends what it still watches, which after an orderly stop is nothing. */
  close(): void {
    this.#pipe.end()
  }
}
