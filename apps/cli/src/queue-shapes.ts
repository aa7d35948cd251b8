import { type ApiSpan, readSpan } from './api-shapes.ts'
import { list, number, object, text } from './json-members.ts'

/** What the command line reads of the answers about the queue and the workers, which are Waggle's own. */
export interface ApiWait {
  readonly stage: number
  readonly name: string
  readonly state: string
  readonly reasons: readonly { readonly code: string; readonly message: string }[]
  readonly position: number
  readonly depth: number | null
  readonly duration: (ApiSpan & { readonly median: number; readonly samples: number }) | null
  readonly startsIn: ApiSpan | null
  readonly endsIn: ApiSpan | null
  readonly past: readonly {
    readonly attempt: number
    readonly worker: string
    readonly end: string
  }[]
}

export interface ApiWorker {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly version: string
  readonly type: string
  readonly platform: string
  readonly labels: readonly string[]
  readonly slots: number
  readonly running: number
  readonly lastSeen: number
  readonly registered: number
  readonly boot: string
  readonly drainedSince: number
  readonly drainedBy: string
  readonly stages: readonly ApiHeldStage[]
}

interface ApiHeldStage {
  readonly repo: string
  readonly build: number
  readonly stage: number
  readonly name: string
  readonly status: string
  readonly attempt: number
  readonly accepted: number
}

export interface ApiQueued {
  readonly id: number
  readonly repoId: number
  readonly name: string
  readonly status: string
  readonly type: string
  readonly os: string
  readonly arch: string
  readonly machine: string
  readonly created: number
  readonly position: number
  readonly startsIn: ApiSpan | null
  readonly endsIn: ApiSpan | null
}

export const readWait = (raw: unknown): ApiWait => {
  const wait = object(raw)
  const duration = readSpan(wait['duration'])
  const { median, samples } = object(wait['duration'])
  return {
    stage: number(wait['stage']),
    name: text(wait['name']),
    state: text(wait['state']),
    reasons: list(wait['reasons']).map((reason) => {
      const { code, message } = object(reason)
      return { code: text(code), message: text(message) }
    }),
    position: number(wait['position']),
    depth: typeof wait['queue_depth'] === 'number' ? wait['queue_depth'] : null,
    duration: duration && { ...duration, median: number(median), samples: number(samples) },
    startsIn: readSpan(wait['starts_in']),
    endsIn: readSpan(wait['ends_in']),
    past: list(wait['past_attempts']).map((past) => {
      const { attempt, worker, end } = object(past)
      return { attempt: number(attempt), worker: text(worker), end: text(end) }
    }),
  }
}

export const readWorker = (raw: unknown): ApiWorker => {
  const worker = object(raw)
  const [os, arch, variant, kernel] = ['os', 'arch', 'variant', 'kernel'].map((name) =>
    text(worker[name]),
  )
  return {
    id: text(worker['id']),
    name: text(worker['name']),
    state: text(worker['state']),
    version: text(worker['version']),
    type: text(worker['type']),
    platform: [os && `${os}/${arch}`, variant, kernel].filter(Boolean).join(' '),
    labels: Object.entries(object(worker['labels'])).map(([key, value]) => `${key}=${text(value)}`),
    slots: number(worker['slots']),
    running: number(worker['running']),
    lastSeen: number(worker['last_seen']),
    registered: number(worker['registered']),
    boot: text(worker['boot']),
    drainedSince: number(worker['drained_since']),
    drainedBy: text(worker['drained_by']),
    stages: list(worker['stages']).map(readHeld),
  }
}

const readHeld = (raw: unknown): ApiHeldStage => {
  const held = object(raw)
  return {
    repo: text(held['repo']),
    build: number(held['build']),
    stage: number(held['stage']),
    name: text(held['name']),
    status: text(held['status']),
    attempt: number(held['attempt']),
    accepted: number(held['accepted']),
  }
}

export const readQueued = (raw: unknown): ApiQueued => {
  const stage = object(raw)
  return {
    id: number(stage['id']),
    repoId: number(stage['repo_id']),
    name: text(stage['name']),
    status: text(stage['status']),
    type: text(stage['type']),
    os: text(stage['os']),
    arch: text(stage['arch']),
    machine: text(stage['machine']),
    created: number(stage['created']),
    position: number(stage['position']),
    startsIn: readSpan(stage['starts_in']),
    endsIn: readSpan(stage['ends_in']),
  }
}
