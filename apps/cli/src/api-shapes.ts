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
  readonly stages: readonly ApiStage[]
}

export interface ApiStage {
  readonly number: number
  readonly name: string
  readonly status: string
  readonly error: string
  readonly machine: string
  readonly started: number
  readonly stopped: number
  readonly steps: readonly ApiStep[]
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

type Json = Readonly<Record<string, unknown>>

const object = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const number = (value: unknown): number => (typeof value === 'number' ? value : 0)
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

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
    stages: list(build['stages']).map(readStage),
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
    steps: list(stage['steps']).map(readStep),
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
