import { type Change, isBefore } from './changes.ts'

/** Seqs from one to another, both included. */
export interface Span {
  readonly from: number
  readonly to: number
}

/**
 * Where in the log the user is in for certain: behind a joining that has happened, as far as no leaving can be that
 * does not lie before it.
 */
export function sureSpans(changes: readonly Change[]): readonly Span[] {
  const leavings = changes.filter(({ direction }) => direction === 'out')
  const spans = changes.flatMap(joining => {
    if (joining.direction !== 'in' || !joining.certain) return []
    const to = Math.min(
      ...leavings.filter(leaving => !isBefore(leaving, joining)).map(({ min }) => min),
      Number.POSITIVE_INFINITY,
    )
    return to < joining.max ? [] : [{ from: joining.max, to }]
  })
  return merged(spans)
}

/** Where the user may be in: behind any joining, up to a leaving that has happened and does lie behind it. */
export function possibleSpans(changes: readonly Change[]): readonly Span[] {
  const leavings = changes.filter(({ direction, certain }) => direction === 'out' && certain)
  const spans = changes.flatMap(joining => {
    if (joining.direction !== 'in') return []
    const to = Math.min(
      ...leavings.filter(leaving => isBefore(joining, leaving)).map(({ max }) => max),
      Number.POSITIVE_INFINITY,
    )
    return to < joining.min ? [] : [{ from: joining.min, to }]
  })
  return merged(spans)
}

export const isWithin = (spans: readonly Span[], seq: number): boolean =>
  spans.some(({ from, to }) => from <= seq && seq <= to)

function merged(spans: readonly Span[]): readonly Span[] {
  const result: Span[] = []
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1)
    if (last && span.from <= last.to)
      result[result.length - 1] = { from: last.from, to: Math.max(last.to, span.to) }
    else result.push(span)
  }
  return result
}
