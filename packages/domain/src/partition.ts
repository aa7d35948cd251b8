import { createHash } from 'node:crypto'
import type { Labels, Platform } from './platform.ts'

/** The stages that the same workers can serve; one queue each. */
export interface Partition extends Platform {
  readonly kind: string
  readonly type: string
  readonly labels: Labels
}

/** What decides which partitions a worker serves. */
export interface WorkerProfile extends Platform {
  readonly kind: string
  readonly type: string
  readonly labels: Labels
  /** `equal`: label maps must be identical, as in Drone. `subset`: the stage's labels must be among the worker's. */
  readonly labelMatch: 'equal' | 'subset'
}

const nameLimitBytes = 200

/** The canonical, readable name of a partition; also the name of its queue, so it holds no `:`.
 *  Users' text is percent-encoded; a name beyond 200 bytes ends in a hash instead (design §5). */
export const partitionName = (partition: Partition): string => {
  const labels = Object.entries(partition.labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${encode(key)}=${encode(value)}`)
    .join(',')
  const name = [
    encode(partition.kind || 'pipeline'),
    encode(partition.type || 'docker'),
    encode(partition.os),
    encode(partition.arch),
    encode(partition.variant),
    encode(partition.kernel),
    labels,
  ].join('/')
  if (name.length <= nameLimitBytes) return name
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 32)
  // A cut inside a percent escape would read badly; the hash alone tells partitions apart.
  return `${name.slice(0, nameLimitBytes - 34).replace(/%[0-9A-F]?$/, '')}/~${hash}`
}

/** The partition of a stage: the columns that decide who may run it. */
export const partitionOf = (stage: Partition): Partition => ({
  kind: stage.kind || 'pipeline',
  type: stage.type || 'docker',
  os: stage.os,
  arch: stage.arch,
  variant: stage.variant,
  kernel: stage.kernel,
  labels: stage.labels,
})

/** Why a worker cannot serve a partition: the attribute that differs, with both sides. */
export interface Mismatch {
  readonly attribute: 'kind' | 'type' | 'os' | 'arch' | 'variant' | 'kernel' | 'labels'
  readonly worker: string
  readonly stage: string
}

/** The one rule of matching (scheduling.md §5.2): `null` when the worker can serve the partition, else the
 *  first attribute that differs. Used by workers, by the runner poll and by "why is it pending". */
export const whyNotServe = (worker: WorkerProfile, partition: Partition): Mismatch | null => {
  const first = differing(worker, partition).next()
  return first.done ? null : mismatchOf(first.value, worker, partition)
}

/** The names of all attributes in which a worker that cannot serve the partition differs from it; none = it can. */
export const whichDiffer = (
  worker: WorkerProfile,
  partition: Partition,
): readonly Mismatch['attribute'][] => [...differing(worker, partition)]

/** The same with what both sides have. */
export const whatDiffers = (worker: WorkerProfile, partition: Partition): readonly Mismatch[] =>
  whichDiffer(worker, partition).map((attribute) => mismatchOf(attribute, worker, partition))

export const canServe = (worker: WorkerProfile, partition: Partition): boolean =>
  differing(worker, partition).next().done === true

// Only names: a thousand workers are asked for each explanation, and few of the texts are ever shown.
function* differing(
  worker: WorkerProfile,
  partition: Partition,
): Generator<Mismatch['attribute'], undefined> {
  if (kindOf(worker) !== kindOf(partition)) yield 'kind'
  if (typeOf(worker) !== typeOf(partition)) yield 'type'
  if (worker.os || worker.arch || worker.variant || worker.kernel) {
    if (worker.os !== partition.os) yield 'os'
    if (worker.arch !== partition.arch) yield 'arch'
    if (partition.variant !== '' && worker.variant !== partition.variant) yield 'variant'
    if (partition.kernel !== '' && worker.kernel !== partition.kernel) yield 'kernel'
  }
  if (!labelsMatch(worker, partition.labels)) yield 'labels'
}

const mismatchOf = (
  attribute: Mismatch['attribute'],
  worker: WorkerProfile,
  partition: Partition,
): Mismatch => {
  const of = attributeTexts[attribute]
  return { attribute, worker: of(worker), stage: of(partition) }
}

const kindOf = ({ kind }: Partition): string => kind || 'pipeline'
const typeOf = ({ type }: Partition): string => type || 'docker'

const attributeTexts: Readonly<Record<Mismatch['attribute'], (side: Partition) => string>> = {
  kind: kindOf,
  type: typeOf,
  os: ({ os }) => os,
  arch: ({ arch }) => arch,
  variant: ({ variant }) => variant,
  kernel: ({ kernel }) => kernel,
  labels: ({ labels }) => labelText(labels),
}

const labelsMatch = (worker: WorkerProfile, wanted: Labels): boolean => {
  const wantedPairs = Object.entries(wanted)
  if (worker.labelMatch === 'equal' && wantedPairs.length !== Object.keys(worker.labels).length)
    return false
  return wantedPairs.every(
    ([key, value]) => Object.hasOwn(worker.labels, key) && worker.labels[key] === value,
  )
}

const labelText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',')

const encode = (text: string): string =>
  // encodeURIComponent throws on lone surrogates; well-formed text first.
  encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*~]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
