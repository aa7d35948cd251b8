import { waitUntil } from '@waggle/testkit'
import { readEvents, type StreamEvent } from './read-events.ts'

export interface ClientOptions {
  readonly server: string
  readonly token: string
}

/** The REST shapes as far as the tests look at them. */
interface StepJson {
  readonly id: number
  readonly number: number
  readonly name: string
  readonly status: string
  readonly exit_code: number
  readonly error?: string
  readonly image?: string
  readonly detached?: boolean
}

interface StageJson {
  readonly id: number
  readonly number: number
  readonly name: string
  readonly status: string
  readonly exit_code: number
  readonly error?: string
  readonly machine?: string
  readonly steps?: readonly StepJson[]
}

export interface BuildJson {
  readonly id: number
  readonly number: number
  readonly status: string
  readonly error?: string
  readonly event: string
  readonly after: string
  readonly ref: string
  readonly stages?: readonly StageJson[]
}

export interface LineJson {
  readonly pos: number
  readonly out: string
  readonly time: number
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  json<T = unknown>(): T
}

export interface Client {
  readonly server: string
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>
  /** Submits a pipeline text; fails on any status but 200. */
  submit(pipeline: string, more?: Record<string, unknown>): Promise<BuildJson>
  build(number: number, slug?: string): Promise<BuildJson>
  /** Waits until the build is over. */
  ended(number: number, timeoutMs?: number, slug?: string): Promise<BuildJson>
  log(number: number, stage: number, step: number, slug?: string): Promise<readonly LineJson[]>
}

const testSlug = 'test/app'

export const createClient = ({ server, token }: ClientOptions): Client => {
  const call: Client['call'] = async (method, path, body, headers = {}) => {
    const raw = typeof body === 'string' || body instanceof Uint8Array
    const answer = await fetch(`${server}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    })
    const text = await answer.text()
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      json: <T>() => JSON.parse(text) as T,
    }
  }
  const read = async <T>(path: string): Promise<T> => {
    const answer = await call('GET', path)
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${answer.text}`)
    return answer.json<T>()
  }
  const build = (number: number, slug = testSlug) =>
    read<BuildJson>(`/api/repos/${slug}/builds/${number}`)
  const log: Client['log'] = (number, stage, step, slug = testSlug) =>
    read(`/api/repos/${slug}/builds/${number}/logs/${stage}/${step}`)
  /** The last lines of a step that runs; the stream of one that says nothing stays open, and is left. */
  const lastLines = async (step: string): Promise<readonly string[]> => {
    let seen: readonly StreamEvent[] = []
    const until = (events: readonly StreamEvent[]) => {
      seen = events
      return false
    }
    await readEvents(`${server}/api/stream/${step}`, token, { until, timeoutMs: 3_000 }).catch(
      () => undefined,
    )
    return seen.slice(-10).map((line) => `  ${line.data}`)
  }
  /** What a build is at: its stages with why they wait, its steps, and the last lines of those that run. */
  const whereItHangs = async (number: number, slug: string): Promise<string> => {
    const said: string[] = []
    try {
      for (const stage of (await build(number, slug)).stages ?? []) {
        said.push(`stage ${stage.name}: ${stage.status}, on ${stage.machine ?? 'no machine'}`)
        const path = `/api/repos/${slug}/builds/${number}/stages/${stage.number}/explain`
        if (!isOver(stage.status)) said.push((await call('GET', path)).text)
        for (const step of stage.steps ?? []) {
          said.push(`step ${step.name}: ${step.status} ${step.error ?? ''}`)
          if (step.status !== 'running') continue
          said.push(...(await lastLines(`${slug}/${number}/${stage.number}/${step.number}`)))
        }
      }
    } catch (error) {
      said.push(`and then: ${(error as Error).message}`)
    }
    return said.join('\n')
  }
  return {
    server,
    call,
    build,
    submit: async (pipeline, more = {}) => {
      const answer = await call('POST', '/api/builds', { repository: testSlug, pipeline, ...more })
      if (answer.status !== 200) throw new Error(`submit: ${answer.status} ${answer.text}`)
      return answer.json<BuildJson>()
    },
    ended: async (number, timeoutMs = 120_000, slug = testSlug) => {
      try {
        return await waitUntil(
          `build ${number} to end`,
          async () => {
            const seen = await build(number, slug)
            return isOver(seen.status) ? seen : null
          },
          timeoutMs,
          100,
        )
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${await whereItHangs(number, slug)}`)
      }
    },
    log,
  }
}

const isOver = (status: string): boolean =>
  ['success', 'failure', 'error', 'killed', 'skipped', 'declined'].includes(status)
