import type { Partition, WorkerRecord } from '@waggle/domain'
import { expect, it } from 'vitest'
import type { WorkerState } from '../workers/worker-state.ts'
import { nearestWorkers } from './nearest-workers.ts'

const wanted: Partition = {
  kind: 'pipeline',
  type: 'docker',
  os: 'linux',
  arch: 'amd64',
  variant: '',
  kernel: '',
  labels: { pool: 'gpu' },
}

const view = (name: string, differs: Partial<WorkerRecord>, state: WorkerState = 'idle') => {
  const worker: WorkerRecord = {
    ...wanted,
    ...{ id: name, bootId: '', name, version: '', slots: 1, tokenHash: '', labelMatch: 'equal' },
    ...{ isDraining: false, drainedAt: 0, drainedBy: '', registeredAt: 0, lastSeenAt: 0 },
    ...differs,
  }
  return { worker, state, running: 0 }
}

const namesOf = (views: readonly ReturnType<typeof view>[]) =>
  nearestWorkers(views, wanted).map(({ name }) => name)

it('names the three that differ least, a label less than a platform, a platform less than a type', () => {
  const views = [
    view('exec', { type: 'exec' }),
    view('windows', { os: 'windows' }),
    view('no label', { labels: {} }),
    view('arm', { arch: 'arm64' }),
    view('arm without label', { arch: 'arm64', labels: {} }),
  ]
  expect(namesOf(views)).toEqual(['no label', 'arm', 'arm without label'])
  expect(namesOf(views.toReversed())).toEqual(['no label', 'arm', 'arm without label'])
})

it('names those that are heard of first among equals, and else the first ones given', () => {
  const silent = view('silent', { labels: {} }, 'silent')
  const equals = ['a', 'b', 'c', 'd'].map((name) => view(name, { labels: {} }))
  expect(namesOf([silent, ...equals])).toEqual(['a', 'b', 'c'])
  expect(namesOf([silent, ...equals.slice(0, 2)])).toEqual(['a', 'b', 'silent'])
})

it('says all that differs of each', () => {
  const [near] = nearestWorkers([view('far', { os: 'windows', labels: {} })], wanted)
  expect(near?.differs).toEqual([
    { attribute: 'os', worker: 'windows', stage: 'linux' },
    { attribute: 'labels', worker: '', stage: 'pool=gpu' },
  ])
})
