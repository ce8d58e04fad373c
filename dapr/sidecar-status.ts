import { z } from 'zod'
import { SharedRun } from '../runtime/shared-run.ts'
import type { SidecarClient } from './sidecar-client.ts'

const metadata = z.object({
  actorRuntime: z.object({ placement: z.string().default(''), hostReady: z.boolean().default(false) }),
})

type Status = z.output<typeof metadata>['actorRuntime']

/** What the sidecar says of itself and placement (`/v1.0/metadata`). */
export class SidecarStatus {
  /** A loss of placement brings a question for every actor: they share one. */
  readonly #asking: SharedRun<Status>
  #wasReady = false

  constructor(sidecar: SidecarClient) {
    this.#asking = new SharedRun(async () => {
      return metadata.parse(await sidecar.request('GET', '/metadata')).actorRuntime
    })
  }

  /** Whether placement was connected at some moment after this call. False also when the sidecar doesn't answer. */
  async placementConnected(): Promise<boolean> {
    try {
      return (await this.#asking.run()).placement === 'placement: connected'
    } catch {
      return false
    }
  }

  /** Rejects until actors can be placed; from then on only while the sidecar doesn't answer. */
  async ready(): Promise<void> {
    const { hostReady } = await this.#asking.run()
    this.#wasReady ||= hostReady
    if (!this.#wasReady) throw new Error('the sidecar cannot place actors yet')
  }
}
