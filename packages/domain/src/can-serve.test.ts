import { describe, expect, it } from 'vitest'
import { canServe, type Partition, type WorkerProfile } from './partition.ts'

/** scheduling.md §5.2 written out: every combination of what an attribute may be, `+` = the worker takes the stage. The
 *  rows are workers, the columns stages. */
const base: Partition = {
  kind: 'pipeline',
  type: 'docker',
  os: 'linux',
  arch: 'arm',
  variant: '',
  kernel: '',
  labels: {},
}

const serves = (
  mine: Partial<WorkerProfile>,
  theirs: Partial<Partition>,
  labelMatch: WorkerProfile['labelMatch'] = 'equal',
): boolean => canServe({ ...base, labelMatch, ...mine }, { ...base, ...theirs })

type Table<V> = { readonly values: readonly V[]; readonly rows: readonly string[] }

const check = <V>(table: Table<V>, ask: (worker: V, stage: V) => boolean): void => {
  const seen = table.values.map((worker) =>
    table.values.map((stage) => (ask(worker, stage) ? '+' : '-')).join(''),
  )
  expect(seen).toEqual(table.rows)
}

describe('canServe, exhaustively', () => {
  it('compares kind and type with their defaults, exactly', () => {
    check(
      { values: ['', 'pipeline', 'Pipeline', 'x'], rows: ['++--', '++--', '--+-', '---+'] },
      (mine, theirs) => serves({ kind: mine }, { kind: theirs }),
    )
    check(
      { values: ['', 'docker', 'Docker', 'exec'], rows: ['++--', '++--', '--+-', '---+'] },
      (mine, theirs) => serves({ type: mine }, { type: theirs }),
    )
  })

  it('compares os and arch exactly; an empty one is a value of its own where anything else is set', () => {
    const rows = ['+--', '-+-', '--+']
    check({ values: ['', 'linux', 'Linux'], rows }, (mine, theirs) =>
      serves({ os: mine }, { os: theirs }),
    )
    check({ values: ['', 'arm', 'arm64'], rows }, (mine, theirs) =>
      serves({ arch: mine }, { arch: theirs }),
    )
  })

  it('gives unspecific stages to every variant and kernel, specific ones only to their own', () => {
    const rows = ['+--', '++-', '+-+']
    check({ values: ['', 'v6', 'v7'], rows }, (mine, theirs) =>
      serves({ variant: mine }, { variant: theirs }),
    )
    check({ values: ['', '1803', '1809'], rows }, (mine, theirs) =>
      serves({ kernel: mine }, { kernel: theirs }),
    )
  })

  it('lets a worker take every platform only when it says nothing of its own', () => {
    const some = { os: 'linux', arch: 'arm', variant: 'v7', kernel: '5' }
    const fields = ['os', 'arch', 'variant', 'kernel'] as const
    const subsets = Array.from({ length: 16 }, (_, bits) =>
      Object.fromEntries(fields.map((field, bit) => [field, (bits >> bit) & 1 ? some[field] : ''])),
    )
    // Columns and rows: nothing, os, arch, os+arch, variant, os+variant … all four.
    check(
      {
        values: subsets,
        rows: [
          '++++++++++++++++',
          '-+--------------',
          '--+-------------',
          '---+------------',
          '+---+-----------',
          '-+---+----------',
          '--+---+---------',
          '---+---+--------',
          '+-------+-------',
          '-+-------+------',
          '--+-------+-----',
          '---+-------+----',
          '+---+---+---+---',
          '-+---+---+---+--',
          '--+---+---+---+-',
          '---+---+---+---+',
        ],
      },
      (mine, theirs) => serves(mine, theirs),
    )
  })

  const labels = [{}, { a: '1' }, { a: '2' }, { b: '1' }, { a: '1', b: '1' }, { A: '1' }]

  it('compares labels as whole maps', () => {
    check(
      { values: labels, rows: ['+-----', '-+----', '--+---', '---+--', '----+-', '-----+'] },
      (mine, theirs) => serves({ labels: mine }, { labels: theirs }),
    )
  })

  it("takes stages whose labels are among a subset worker's", () => {
    check(
      { values: labels, rows: ['+-----', '++----', '+-+---', '+--+--', '++-++-', '+----+'] },
      (mine, theirs) => serves({ labels: mine }, { labels: theirs }, 'subset'),
    )
  })

  it('wants all of it: one attribute that differs is enough for a no', () => {
    const others: Partial<Partition>[] = [
      { kind: 'x' },
      { type: 'x' },
      { os: 'x' },
      { arch: 'x' },
      { variant: 'x' },
      { kernel: 'x' },
      { labels: { x: 'x' } },
    ]
    for (let bits = 0; bits < 2 ** others.length; bits++) {
      const stage = Object.assign({}, ...others.filter((_, bit) => (bits >> bit) & 1))
      expect([stage, serves({}, stage)]).toEqual([stage, bits === 0])
    }
  })
})
