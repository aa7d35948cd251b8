import type { AttemptRef, Clock, Engine, Logger } from '@waggle/domain'
import type { HeldStages } from './held-stages.ts'

export interface JanitorDeps {
  readonly engine: Pick<Engine, 'leftovers' | 'remove'>
  readonly installation: string
  readonly held: HeldStages
  /** Which of these attempts somebody holds. `left`: of which anything is here, so that what was lost and is not among
   *  them is known to be over. */
  readonly ask: (
    attempts: readonly AttemptRef[],
    signal: AbortSignal,
    left?: readonly AttemptRef[],
  ) => Promise<readonly AttemptRef[]>
  readonly log: Logger
}

/** Most attempts of one question. */
const batch = 1_000
const mostTold = 10_000

/** Removes what attempts left that nobody holds: killed workers, clean-ups that failed. Never by age, and never
 *  without the API's answer (rule D10). Gives how many attempts were removed. */
export const cleanUp = async (deps: JanitorDeps, signal: AbortSignal): Promise<number> => {
  // Read before the engine is: what is accepted meanwhile is nothing that was lost.
  const own = deps.held.list().map((lease) => lease.ref)
  const all = await deps.engine.leftovers(deps.installation)
  const found = all.filter((ref) => !deps.held.find(ref))
  const left = [...new Map([...own, ...all].map((ref) => [textOf(ref), ref])).values()]
  // Told once, also where nothing has to be removed. A machine with more than fits leaves it to the next time.
  const told = left.length <= mostTold ? left : undefined
  let removed = 0
  for (let from = 0; from === 0 || from < found.length; from += batch) {
    const refs = found.slice(from, from + batch)
    const answer = await deps.ask(refs, signal, from === 0 ? told : undefined)
    const held = new Set(answer.map(textOf))
    for (const ref of refs) {
      // Asked again here: a stage may have been accepted while the API was answering.
      if (held.has(textOf(ref)) || deps.held.find(ref) || signal.aborted) continue
      try {
        await deps.engine.remove(deps.installation, ref)
        removed++
        deps.log.info('removed what an ended attempt left', {
          'stage.id': ref.stageId,
          attempt: ref.attempt,
        })
      } catch (err) {
        deps.log.warn('cannot remove what an ended attempt left; trying again later', {
          'stage.id': ref.stageId,
          attempt: ref.attempt,
          err,
        })
      }
    }
  }
  return removed
}

/** Cleans up now, and again every `everyMs`. */
export const startJanitor = (
  deps: JanitorDeps & { readonly everyMs: number; readonly clock: Clock },
): { stop(): Promise<void> } => {
  const stopping = new AbortController()
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        // Once more after it removed something, so that the API knows at once that it is gone.
        if ((await cleanUp(deps, stopping.signal)) > 0) await cleanUp(deps, stopping.signal)
      } catch (err) {
        deps.log.debug('no clean-up this time', { err })
      }
      await deps.clock.sleep(deps.everyMs, stopping.signal).catch(() => undefined)
    }
  }
  const running = run()
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

const textOf = (ref: AttemptRef): string => `${ref.stageId}-${ref.attempt}`
