import { z } from 'zod'
import type { SidecarClient } from './sidecar-client.ts'

const metadata = z.object({
  actorRuntime: z.object({ placement: z.string().default(''), hostReady: z.boolean().default(false) }),
})

type Status = z.output<typeof metadata>['actorRuntime']

/** What the sidecar says of itself and placement (`/v1.0/metadata`). */
export class SidecarStatus {
  readonly #sidecar: SidecarClient
  #asking: Promise<Status> | undefined
  #next: Promise<Status> | undefined
  #wasReady = false

  constructor(sidecar: SidecarClient) {
    this.#sidecar = sidecar
  }

  /** Whether placement was connected at some moment after this call. False also when the sidecar doesn't answer. */
  async placementConnected(): Promise<boolean> {
    try {
      return (await this.#fresh()).placement === 'placement: connected'
    } catch {
      return false
    }
  }

  /** Rejects until actors can be placed; from then on only while the sidecar doesn't answer. */
  async ready(): Promise<void> {
    const { hostReady } = await this.#fresh()
    this.#wasReady ||= hostReady
    if (!this.#wasReady) throw new Error('the sidecar cannot place actors yet')
  }

  /** A loss of placement brings a question for every actor: all that come while one is under way share the next. */
  #fresh(): Promise<Status> {
    if (!this.#asking) return this.#ask()
    this.#next ??= this.#asking.then(
      () => this.#ask(),
      () => this.#ask(),
    )
    return this.#next
  }

  #ask(): Promise<Status> {
    this.#next = undefined
    const asking = this.#sidecar
      .request('GET', '/metadata')
      .then(answer => metadata.parse(answer).actorRuntime)
      .finally(() => {
        if (this.#asking === asking) this.#asking = undefined
      })
    this.#asking = asking
    return asking
  }
}
