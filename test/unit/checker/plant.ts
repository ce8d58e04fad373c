import type { ViolationKind } from '../../../tools/checker/violation.ts'
import type { Planter } from './planter.ts'

export interface Plant {
  /** What goes wrong, in words. */
  readonly name: string
  readonly kind: ViolationKind
  readonly plant: (planter: Planter) => void
  /** Whether the history has quiet lines; it does unless said otherwise. */
  readonly quiet?: boolean
  /** How many users the history has, where it takes more than a few until there is something to break. */
  readonly users?: number
}
