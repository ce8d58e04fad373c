import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessEntry } from './process-spec.ts'

/** What `<DATA_DIR>/cluster.json` holds while the cluster is ready. */
export interface ClusterDescription {
  readonly gateways: readonly string[]
  readonly processes: readonly ProcessEntry[]
}

export function clusterFilePath(dataDir: string): string {
  return join(dataDir, 'cluster.json')
}

/** Written in one step: whoever reads it sees all of one state or all of the next. */
export class ClusterFile {
  readonly path: string

  constructor(dataDir: string) {
    this.path = clusterFilePath(dataDir)
  }

  write(description: ClusterDescription): void {
    const temporary = `${this.path}.${process.pid}`
    writeFileSync(temporary, `${JSON.stringify(description, null, 2)}\n`)
    renameSync(temporary, this.path)
  }

  remove(): void {
    rmSync(this.path, { force: true })
  }
}
