import { setTimeout as delay } from 'node:timers/promises'
import { isWaggleError } from '@waggle/domain'
import type { ApiLine } from './api-shapes.ts'
import type { Client, StepAddress } from './client.ts'

/** Connections in a row that may bring nothing. */
const mostTries = 5
const pauseMs = 300

/** Lines of a step from `from` on to its end, stored or still written, one event in memory at a time. Goes on from the
 *  next line where the connection breaks: the server drops a reader that stands still, as one behind a pager does. */
export async function* readLog(
  client: Pick<Client, 'followLog'>,
  slug: string,
  step: StepAddress,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<ApiLine> {
  let next = from
  for (let tries = 1; ; tries++) {
    try {
      for await (const line of client.followLog(slug, step, next, signal)) {
        next = line.pos + 1
        tries = 0
        yield line
      }
      return
    } catch (error) {
      if (signal.aborted || tries >= mostTries || !isWaggleError(error, 'unavailable')) throw error
    }
    await delay(pauseMs, undefined, { signal })
  }
}
