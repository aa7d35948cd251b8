import type { Clock, Logger } from '@waggle/domain'
import type { HeldStages } from './held-stages.ts'

/** Lets the held stages end for `drainMs`, then stops them: SIGTERM, the grace, SIGKILL, and their end is told. What
 *  does not end even then is left to the API's reaper and the next process's janitor. Once `superseded` fires the
 *  stages are lost instead: ended and removed at once, without a word. */
export const drain = async (deps: {
  readonly held: HeldStages
  readonly drainMs: number
  readonly superseded: AbortSignal
  readonly killGraceMs: number
  readonly clock: Clock
  readonly log: Logger
}): Promise<void> => {
  const { held, log, superseded } = deps
  const loseAll = () => {
    for (const lease of held.list()) lease.lose()
  }
  if (superseded.aborted) loseAll()
  else superseded.addEventListener('abort', loseAll, { once: true })
  const orderlyMs = superseded.aborted ? deps.killGraceMs + tellMs : deps.drainMs
  if (await endedWithin(deps, orderlyMs)) return
  log.warn('stages are stopped with their worker', { count: held.count })
  for (const lease of held.list()) lease.stop()
  if (await endedWithin(deps, deps.killGraceMs + tellMs)) return
  log.error('stages did not end with their worker', { count: held.count })
  loseAll()
}

/** For telling the stages' ends and cleaning up. */
const tellMs = 20_000

const endedWithin = async (
  { held, clock }: { readonly held: HeldStages; readonly clock: Clock },
  ms: number,
): Promise<boolean> => {
  const over = new AbortController()
  // Timers hold 31 bits of milliseconds.
  const late = clock.sleep(Math.min(ms, 2 ** 31 - 1), over.signal).then(
    () => false,
    () => true,
  )
  const ended = await Promise.race([held.empty().then(() => true), late])
  over.abort()
  return ended
}
