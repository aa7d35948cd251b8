import { list, number, object, text } from './json-members.ts'

/** What the command line reads of the REST API's objects (rest-api.md §6). */
export interface ApiBuild {
  readonly number: number
  readonly status: string
  readonly error: string
  readonly event: string
  readonly title: string
  readonly message: string
  readonly after: string
  readonly ref: string
  readonly target: string
  readonly author: string
  readonly started: number
  readonly finished: number
  readonly created: number
  readonly approvedBy: string
  readonly endedBy: string
  readonly endReason: string
  readonly stages: readonly ApiStage[]
  /** What keeps stages from running until somebody mends it. */
  readonly warnings: readonly string[]
}

export interface ApiStage {
  readonly number: number
  readonly name: string
  readonly status: string
  readonly error: string
  readonly machine: string
  readonly started: number
  readonly stopped: number
  /** Its result is that of a stage of an earlier build. */
  readonly isKept: boolean
  readonly cancels: readonly ApiCancel[]
  /** Place in its queue, from 1; 0 = in none. */
  readonly position: number
  /** Seconds from now; `null` = nobody can tell. */
  readonly startsIn: ApiSpan | null
  readonly endsIn: ApiSpan | null
  readonly steps: readonly ApiStep[]
}

export interface ApiSpan {
  readonly low: number
  readonly high: number
}

/** When a cancel was asked for, seen by the worker, and done; milliseconds, 0 = not yet. */
export interface ApiCancel {
  readonly worker: string
  readonly requestedMs: number
  readonly seenMs: number
  readonly killedMs: number
}

export interface ApiStep {
  readonly number: number
  readonly name: string
  readonly status: string
  readonly error: string
  readonly exitCode: number
  readonly detached: boolean
  readonly started: number
  readonly stopped: number
}

export interface ApiLine {
  readonly pos: number
  readonly out: string
  readonly time: number
}

/** Missing members become empty: the server may be older or newer. `null` where it is no build at all. */
export const readBuild = (raw: unknown): ApiBuild | null => {
  const build = object(raw)
  if (typeof build['number'] !== 'number' || typeof build['status'] !== 'string') return null
  return {
    number: build['number'],
    status: build['status'],
    error: text(build['error']),
    event: text(build['event']),
    title: text(build['title']),
    message: text(build['message']),
    after: text(build['after']),
    ref: text(build['ref']),
    target: text(build['target']),
    author: text(build['author_login']),
    started: number(build['started']),
    finished: number(build['finished']),
    created: number(build['created']),
    approvedBy: text(build['approved_by']),
    endedBy: text(build['ended_by']),
    endReason: text(build['end_reason']),
    stages: list(build['stages']).map(readStage),
    warnings: list(build['warnings']).map((warning) => text(object(warning)['message'])),
  }
}

const readStage = (raw: unknown): ApiStage => {
  const stage = object(raw)
  return {
    number: number(stage['number']),
    name: text(stage['name']),
    status: text(stage['status']),
    error: text(stage['error']),
    machine: text(stage['machine']),
    started: number(stage['started']),
    stopped: number(stage['stopped']),
    isKept: number(stage['kept_from']) > 0,
    cancels: list(stage['cancels']).map(readCancel),
    position: number(stage['position']),
    startsIn: readSpan(stage['starts_in']),
    endsIn: readSpan(stage['ends_in']),
    steps: list(stage['steps']).map(readStep),
  }
}

export const readSpan = (raw: unknown): ApiSpan | null => {
  const { low, high } = object(raw)
  return typeof low === 'number' && typeof high === 'number' ? { low, high } : null
}

const readCancel = (raw: unknown): ApiCancel => {
  const cancel = object(raw)
  return {
    worker: text(cancel['worker']),
    requestedMs: number(cancel['requested_ms']),
    seenMs: number(cancel['seen_ms']),
    killedMs: number(cancel['killed_ms']),
  }
}

const readStep = (raw: unknown): ApiStep => {
  const step = object(raw)
  return {
    number: number(step['number']),
    name: text(step['name']),
    status: text(step['status']),
    error: text(step['error']),
    exitCode: number(step['exit_code']),
    detached: step['detached'] === true,
    started: number(step['started']),
    stopped: number(step['stopped']),
  }
}

export const readLine = (raw: unknown): ApiLine => {
  const line = object(raw)
  return { pos: number(line['pos']), out: text(line['out']), time: number(line['time']) }
}
