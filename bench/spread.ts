/** Of the runs of one measurement. */
export interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (position: number) => sorted[Math.floor(position)] ?? Number.NaN
  const middle = (sorted.length - 1) / 2
  return { min: at(0), median: (at(middle) + at(Math.ceil(middle))) / 2, max: at(sorted.length - 1) }
}

/** `median (min–max)`. */
export const renderSpread = ({ min, median, max }: Spread, render: (value: number) => string): string =>
  `${render(median)} (${render(min)}–${render(max)})`
