import {
  type Clock,
  cancelled,
  type Logger,
  type StepOutputSink,
  WaggleError,
} from '@waggle/domain'
import type { EngineClient } from './engine-client.ts'
import { findImage, type ImageUser, mayUse, notePull } from './image-access.ts'
import { engineIsBack } from './patiently.ts'
import { engineAway, isEngineAway, refusedByEngine, statusOf, textOf } from './translate-error.ts'

export interface PullDeps {
  readonly client: EngineClient
  readonly clock: Clock
  readonly log: Logger
  readonly retryMs: number
  /** Whether progress goes to the step's output. */
  readonly isShown: boolean
}

/** Pulls the step's image: tried four times where the registry or the way to it fails, once where the answer is final
 *  (no such image, not allowed). Throws `image_not_pulled` with a text for the user; `cancelled` when `signal` fires. */
export const pullImage = async (
  deps: PullDeps,
  step: ImageUser,
  output: StepOutputSink,
  signal: AbortSignal,
): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    try {
      const before = await findImage(deps.client, step.image)
      if (!(await mayUse(before, step))) await askRegistry(deps, step, signal)
      await pullOnce(deps, step, output, signal)
      await notePull(deps, step, before)
      return
    } catch (error) {
      if (signal.aborted) throw cancelled('step_cancelled', `cancelled while pulling ${step.image}`)
      if (attempt > retries || !mayPassByItself(error)) throw notPulled(step, error)
      await show(deps, output, `pull failed, trying again: ${textOf(error)}`)
      await deps.clock.sleep(deps.retryMs * 2 ** (attempt - 1), signal).catch(() => undefined)
      if (isEngineAway(error)) await engineIsBack(deps, signal)
    }
  }
}

const retries = 3

/** 404 and 401 are final, 429 and 5xx are not. */
const mayPassByItself = (error: unknown): boolean => {
  if (!(error instanceof WaggleError)) return false
  if (error.kind === 'unavailable') return true
  const status = statusOf(error)
  if (status !== 429 && status < 500) return false
  const text = error.message.toLowerCase()
  return !finalAnswers.some((answer) => text.includes(answer))
}

// Engine 20.10 answers 500 whatever the registry said, and its text is all that tells (seen: `manifest unknown`).
// These are the texts of the registry protocol's codes that no second try changes.
const finalAnswers = [
  ...['manifest unknown', 'name unknown', 'denied', 'unauthorized', 'unsupported'],
  // The engine's own words where there are no credentials, and where the name is an identifier.
  ...['no basic auth credentials', 'no manifest found for full image id'],
]

const notPulled = (step: ImageUser, error: unknown): WaggleError => {
  if (!(error instanceof WaggleError)) throw error
  const why = statusOf(error) === 401 ? 'authentication is required' : error.message
  return new WaggleError(`cannot pull ${step.image}: ${why}`, {
    kind: error.kind,
    code: 'image_not_pulled',
    cause: error,
  })
}

/** The engine pulls what it has by its digest without a word to the registry; this always asks. */
const askRegistry = async (
  { client }: PullDeps,
  step: ImageUser,
  signal: AbortSignal,
): Promise<void> => {
  const path = `/distribution/${encodeURIComponent(step.image)}/json`
  await client.call('GET', path, { signal, ...registryAuth(step) })
}

const registryAuth = ({ auth }: ImageUser) =>
  auth === null
    ? {}
    : {
        registryAuth: {
          username: auth.username,
          password: auth.password,
          serveraddress: auth.address,
        },
      }

const pullOnce = async (
  deps: PullDeps,
  step: ImageUser,
  output: StepOutputSink,
  signal: AbortSignal,
): Promise<void> => {
  const stream = await deps.client.stream('POST', '/images/create', {
    query: { fromImage: step.image },
    // The registry may take its time before the first answer; the stage's own timeout bounds it.
    deadlineMs: 600_000,
    signal,
    ...registryAuth(step),
  })
  let rest = ''
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const lines = (rest + chunk.toString('utf8')).split('\n')
      rest = (lines.pop() ?? '').slice(0, messageLimitChars)
      for (const line of lines) await takeMessage(deps, line, output)
    }
    await takeMessage(deps, rest, output)
  } catch (error) {
    throw error instanceof WaggleError ? error : engineAway(error)
  } finally {
    stream.destroy()
  }
}

const messageLimitChars = 1024 * 1024

const takeMessage = async (deps: PullDeps, line: string, output: StepOutputSink) => {
  const message = parseMessage(line)
  if (!message) return
  if (message.error !== undefined) {
    const code = Number((message.errorDetail as { code?: unknown } | undefined)?.code)
    // Without a code the download broke off half-way: that may pass by itself.
    throw refusedByEngine(
      Number.isSafeInteger(code) && code > 0 ? code : 500,
      typeof message.error === 'string' ? message.error : 'pull failed',
    )
  }
  const { id, status } = message
  if ('progressDetail' in message || typeof status !== 'string') return
  await show(deps, output, typeof id === 'string' && id !== '' ? `${id}: ${status}` : status)
}

const parseMessage = (line: string): Record<string, unknown> | undefined => {
  if (line.trim() === '') return undefined
  try {
    const parsed: unknown = JSON.parse(line)
    return typeof parsed === 'object' && parsed !== null
      ? (parsed as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

const show = async (deps: PullDeps, output: StepOutputSink, text: string): Promise<void> => {
  if (deps.isShown) await output.write(Buffer.from(`${text}\n`), deps.clock.now())
}
