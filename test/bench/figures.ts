/** One measured figure, with what it should reach where a reach is named. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** `max`: the value should not exceed it; `min`: it should not be below. */
  readonly reach?: { readonly kind: 'min' | 'max'; readonly value: number }
  /** What it was measured against, in the same run. */
  readonly floor?: number
}

/** What of a measure its caller may choose: how much there is, and on which database. */
export interface MeasureOptions {
  readonly pending?: number
  readonly database?: 'postgres' | 'sqlite'
}

export const percentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export const median = (values: readonly number[]): number => percentile(values, 0.5)

export const isReached = ({ value, reach }: Figure): boolean =>
  reach === undefined || (reach.kind === 'max' ? value <= reach.value : value >= reach.value)

const round = (value: number): string =>
  value >= 1_000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)

export const table = (figures: readonly Figure[]): string => {
  const rows = figures.map((figure) => [
    figure.name,
    `${round(figure.value)} ${figure.unit}`,
    figure.floor === undefined ? '' : `${round(figure.floor)} ${figure.unit}`,
    figure.reach === undefined
      ? ''
      : `${figure.reach.kind === 'max' ? '≤' : '≥'} ${round(figure.reach.value)}`,
    figure.reach === undefined ? '' : isReached(figure) ? 'reached' : 'MISSED',
  ])
  const all = [['figure', 'measured', 'floor', 'reach', ''], ...rows]
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
