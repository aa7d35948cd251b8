import type { AttemptRef, Clock, Engine, Logger } from '@waggle/domain'
import type { HeldStages } from './held-stages.ts'

/** What is told of this machine, so that what was lost and is not here any more is known to be over. */
export interface LeftHere {
  /** All attempts of which the worker has, or the engine holds, anything. */
  readonly left: readonly AttemptRef[]
  /** Those of which everything was just removed. */
  readonly removed: readonly AttemptRef[]
}

export interface JanitorDeps {
  readonly engine: Pick<Engine, 'leftovers' | 'remove'>
  readonly installation: string
  readonly held: HeldStages
  /** Which of these attempts somebody holds. */
  readonly ask: (
    attempts: readonly AttemptRef[],
    signal: AbortSignal,
    told?: LeftHere,
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
  const here = new Map([...own, ...all].map((ref) => [textOf(ref), ref]))
  // Told also where nothing has to be removed. A machine with more than fits leaves it to the next time.
  const told = (removed: readonly AttemptRef[]): LeftHere | undefined =>
    here.size > mostTold ? undefined : { left: [...here.values()], removed }
  const removed: AttemptRef[] = []
  for (let from = 0; from === 0 || from < found.length; from += batch) {
    const refs = found.slice(from, from + batch)
    const answer = await deps.ask(refs, signal, from === 0 ? told([]) : undefined)
    const held = new Set(answer.map(textOf))
    for (const ref of refs) {
      // Asked again here: a stage may have been accepted while the API was answering.
      if (held.has(textOf(ref)) || deps.held.find(ref) || signal.aborted) continue
      if (!(await remove(deps, ref))) continue
      removed.push(ref)
      here.delete(textOf(ref))
    }
  }
  // Somebody may be waiting for their places.
  if (removed.length > 0) await deps.ask([], signal, told(removed))
  return removed.length
}

const remove = async (deps: JanitorDeps, ref: AttemptRef): Promise<boolean> => {
  const place = { 'stage.id': ref.stageId, attempt: ref.attempt }
  try {
    await deps.engine.remove(deps.installation, ref)
    deps.log.info('removed what an ended attempt left', place)
    return true
  } catch (err) {
    deps.log.warn('cannot remove what an ended attempt left; trying again later', { ...place, err })
    return false
  }
}

/** Cleans up now, and again every `everyMs`. */
export const startJanitor = (
  deps: JanitorDeps & { readonly everyMs: number; readonly clock: Clock },
): { stop(): Promise<void> } => {
  const stopping = new AbortController()
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await cleanUp(deps, stopping.signal).catch((err: unknown) =>
        deps.log.debug('no clean-up this time', { err }),
      )
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
