import { isCollision } from '../mysql-errors.ts'
import { isBusy } from '../sqlite-errors.ts'

/** `busy`: other writers held the locks for too long, and nothing was changed. `failed`: everything else. */
export class TopicsFailed extends Error {
  readonly kind: 'busy' | 'failed'

  constructor(cause: unknown) {
    const kind = isContended(cause) ? 'busy' : 'failed'
    super(kind === 'busy' ? 'the topic’s writers are waiting for each other' : 'the database failed', {
      cause,
    })
    this.name = 'TopicsFailed'
    this.kind = kind
  }
}

export const isContended = (error: unknown): boolean => isCollision(error) || isBusy(error)
