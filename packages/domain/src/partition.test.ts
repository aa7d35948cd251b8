import { describe, expect, it } from 'vitest'
import {
  canServe,
  type Partition,
  partitionName,
  type WorkerProfile,
  whatDiffers,
  whyNotServe,
} from './partition.ts'

const partition = (more: Partial<Partition> = {}): Partition => ({
  kind: 'pipeline',
  type: 'docker',
  os: 'linux',
  arch: 'amd64',
  variant: '',
  kernel: '',
  labels: {},
  ...more,
})

const worker = (more: Partial<WorkerProfile> = {}): WorkerProfile => ({
  ...partition(),
  labelMatch: 'equal',
  ...more,
})

describe('canServe', () => {
  // scheduling.md §5.2, the table of examples.
  it.each([
    ['same platform', {}, {}, true],
    [
      'unspecific stage on a specific worker',
      { arch: 'arm', variant: 'v7' },
      { arch: 'arm' },
      true,
    ],
    [
      'specific stage on an unspecific worker',
      { arch: 'arm' },
      { arch: 'arm', variant: 'v7' },
      false,
    ],
    ['another variant', { arch: 'arm', variant: 'v7' }, { arch: 'arm', variant: 'v6' }, false],
    ['another kernel', { os: 'windows', kernel: '1903' }, { os: 'windows', kernel: '1809' }, false],
    [
      'a worker without platform',
      { os: '', arch: '' },
      { os: 'plan9', arch: 'mips', variant: 'x' },
      true,
    ],
    ['a worker that only says its variant', { os: '', arch: '', variant: 'v7' }, {}, false],
    ['a worker with labels, a stage without', { labels: { a: '1' } }, {}, false],
    ['a stage with labels, a worker without', {}, { labels: { a: '1' } }, false],
    ['fewer labels than the worker', { labels: { a: '1', b: '2' } }, { labels: { a: '1' } }, false],
    ['another value of a label', { labels: { a: '1' } }, { labels: { a: '2' } }, false],
    [
      'the same labels in another order',
      { labels: { a: '1', b: '2' } },
      { labels: { b: '2', a: '1' } },
      true,
    ],
    ['another type', { type: 'exec' }, {}, false],
    ['an empty type, which means docker', { type: '' }, { type: 'docker' }, true],
    ['an empty kind, which means pipeline', { kind: '' }, { kind: 'pipeline' }, true],
    ['another kind', {}, { kind: 'deploy' }, false],
    ['another case of letters', { os: 'Linux' }, {}, false],
  ])('%s', (_, mine, theirs, expected) => {
    expect(canServe(worker(mine), partition(theirs))).toBe(expected)
  })

  it('takes a subset of labels where the worker says so', () => {
    const subset = worker({ labels: { a: '1', b: '2' }, labelMatch: 'subset' })
    expect(canServe(subset, partition({ labels: { a: '1' } }))).toBe(true)
    expect(canServe(subset, partition())).toBe(true)
    expect(canServe(subset, partition({ labels: { c: '1' } }))).toBe(false)
  })

  it('does not take what every object has for a label', () => {
    const subset = worker({ labelMatch: 'subset' })
    expect(canServe(subset, partition({ labels: { constructor: 'x' } }))).toBe(false)
  })

  it('names all attributes that differ, and none where it can serve', () => {
    expect(whatDiffers(worker(), partition())).toEqual([])
    const wanted = partition({ type: 'exec', arch: 'arm64', labels: { gpu: '1' } })
    const names = whatDiffers(worker(), wanted).map(({ attribute }) => attribute)
    expect(names).toEqual(['type', 'arch', 'labels'])
  })

  it('names the attribute that differs, with both sides', () => {
    expect(whyNotServe(worker(), partition({ arch: 'arm64' }))).toEqual({
      attribute: 'arch',
      worker: 'amd64',
      stage: 'arm64',
    })
    expect(whyNotServe(worker(), partition({ labels: { gpu: '1' } }))).toEqual({
      attribute: 'labels',
      worker: '',
      stage: 'gpu=1',
    })
  })
})

describe('partitionName', () => {
  it('is readable and the same for the same labels in any order', () => {
    const name = partitionName(partition({ labels: { b: '2', a: '1' } }))
    expect(name).toBe('pipeline/docker/linux/amd64///a=1,b=2')
    expect(partitionName(partition({ labels: { a: '1', b: '2' } }))).toBe(name)
  })

  it('keeps different partitions apart, whatever their text', () => {
    const names = [
      partition({ labels: { a: '1,b=2' } }),
      partition({ labels: { a: '1', b: '2' } }),
      partition({ labels: { 'a=1,b': '2' } }),
      partition({ os: 'linux/amd64', arch: '' }),
      partition({ variant: 'x' }),
      partition({ kernel: 'x' }),
      partition(),
    ].map(partitionName)
    expect(new Set(names).size).toBe(names.length)
  })

  it('holds no colon and no more than 200 bytes, and still tells long ones apart', () => {
    const long = (end: string) => partition({ labels: { a: `${':'.repeat(500)}${end}` } })
    const [one, two] = [partitionName(long('x')), partitionName(long('y'))]
    expect(one).not.toBe(two)
    for (const name of [one, two, partitionName(partition({ os: '\ud800:\u0000é' }))]) {
      expect(name).not.toContain(':')
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200)
    }
  })
})
