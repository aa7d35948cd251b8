import type { Repo, User } from '@waggle/domain'
import { isWaggleError, type LogKey, readLineBlock } from '@waggle/domain'
import { readStepLog } from '@waggle/logs'
import type { ApiDeps } from '../api-deps.ts'
import { header } from '../http/call.ts'
import { EventStream } from '../http/event-stream.ts'
import { stream } from '../http/reply.ts'
import { type Route, route } from '../http/route.ts'
import { lineShape } from '../shapes/line-shape.ts'
import { findStep, logOf } from '../step-log.ts'

/** Live streams (rest-api.md §8). */
export const streamRoutes = (deps: ApiDeps): readonly Route[] => {
  const { database } = deps.control
  return [
    route.open('GET /api/stream', async ({ user }) => {
      // As they are now: who is let in later opens the stream again.
      const own = new Set(user === null ? [] : await database.permissions.listRepoIds(user.id))
      return stream((response, signal) =>
        followBuilds(deps, new EventStream(response, signal), (repo) => mayWatch(user, own, repo)),
      )
    }),
    route.read('GET /api/stream/:owner/:name', async ({ repo }) =>
      stream((response, signal) =>
        followBuilds(deps, new EventStream(response, signal), (other) => other.id === repo.id),
      ),
    ),
    route.read('GET /api/stream/:owner/:name/:build/:stage/:step', async (call) => {
      const { stage, step } = await findStep(database, call)
      const key = await logOf(database, stage, step)
      const from = firstLine(header(call, 'last-event-id'))
      return stream((response, signal) =>
        followLog(
          deps,
          new EventStream(response, signal),
          key && { ...key, stepId: step.id },
          from,
          signal,
        ),
      )
    }),
  ]
}

/** A system admin sees all: without a code host nobody gave him rights in each repository. */
const mayWatch = (user: User | null, own: ReadonlySet<number>, repo: Repo): boolean =>
  repo.visibility === 'public' ||
  (user !== null &&
    (repo.visibility === 'internal' || user.admin || (user.active && own.has(repo.id))))

const mostBuildsBehind = 100

/** Sends the newest state of each build that changed; a viewer that is a hundred builds behind is dropped. */
const followBuilds = async (
  { feed }: ApiDeps,
  events: EventStream,
  sees: (repo: Repo) => boolean,
): Promise<void> => {
  const waiting = new Map<number, string>()
  const flush = () => {
    for (const [buildId, text] of waiting) {
      waiting.delete(buildId)
      if (!events.send(`data: ${text}\n\n`)) return
    }
  }
  let isBehind = false
  events.onDrain(() => {
    isBehind = false
    flush()
  })
  const unsubscribe = feed.subscribe({
    sees,
    onBuild: (buildId, text) => {
      if (!isBehind) isBehind = !events.send(`data: ${text}\n\n`)
      else waiting.set(buildId, text)
      if (waiting.size > mostBuildsBehind) events.drop()
    },
    // A named event: clients of Drone's stream do not listen to it.
    onGap: () => void events.send('event: reload\ndata: {}\n\n'),
  })
  try {
    await events.closed()
  } finally {
    unsubscribe()
  }
}

/** The line after the last one that the reader has seen. */
const firstLine = (lastEventId: string): number =>
  /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) + 1 : 0

/** One log, and the step that it is of. */
type StepLog = LogKey & { readonly stepId: number }

const briefWaitMs = 500
const longWaitMs = 60_000

/** All lines from `from` on, then the final frame. A reader that stays behind holds no lines in memory: reading stops,
 *  and goes on from the next line when it caught up; one that does not for a minute is dropped and may resume. */
const followLog = async (
  deps: ApiDeps,
  events: EventStream,
  log: StepLog | null,
  from: number,
  signal: AbortSignal,
): Promise<void> => {
  let next = from
  while (log !== null && events.isOpen) {
    const outcome = await sendLines(deps, events, log, next, signal)
    next = outcome.next
    if (outcome.isEnd) break
    if (!(await events.drained(longWaitMs))) return events.drop()
  }
  if (events.isOpen) events.finish()
}

const sendLines = async (
  { control }: ApiDeps,
  events: EventStream,
  { stepId, ...key }: StepLog,
  from: number,
  signal: AbortSignal,
): Promise<{ readonly next: number; readonly isEnd: boolean }> => {
  const stop = new AbortController()
  const both = AbortSignal.any([signal, stop.signal])
  const { logs, steps } = control.database
  const isGone = async () => (await steps.find(stepId)) === null
  const log = { archive: logs, live: control.liveLog, isGone }
  let next = from
  try {
    for await (const block of readStepLog(log, key, from, both))
      for (const frames of framesOf(block, next)) {
        next = frames.next
        if (events.send(frames.text)) continue
        if (!(await events.drained(briefWaitMs))) return { next, isEnd: false }
      }
    return { next, isEnd: true }
  } catch (error) {
    if (signal.aborted || !events.isOpen) return { next, isEnd: true }
    if (isWaggleError(error) && error.code === 'viewer_too_slow') return { next, isEnd: false }
    throw error
  } finally {
    stop.abort()
  }
}

const frameCharacters = 32 * 1024

/** Frames of the block's lines from `from` on, several in one text. */
function* framesOf(
  block: Parameters<typeof readLineBlock>[0],
  from: number,
): Generator<{ readonly text: string; readonly next: number }> {
  let text = ''
  let next = from
  for (const line of readLineBlock(block)) {
    if (line.number < from) continue
    text += `id: ${line.number}\ndata: ${JSON.stringify(lineShape(line))}\n\n`
    next = line.number + 1
    if (text.length < frameCharacters) continue
    yield { text, next }
    text = ''
  }
  if (text !== '') yield { text, next }
}
