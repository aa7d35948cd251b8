import type { Database, Stage } from '@waggle/domain'

/** So many of the last stages say how long the next one takes. */
const mostSamples = 20
const goodForMs = 30_000
const mostKnown = 5_000

interface Known {
  readonly durations: readonly number[]
  readonly until: number
}

const knownOf = new WeakMap<Database, Map<string, Known>>()

/** How long the last stages of the same repository and name took, newest first. What was read is good for 30 s: a list
 *  of stages asks for the same few names again and again. */
export const stageHistory = async (
  database: Database,
  { repoId, name }: Pick<Stage, 'repoId' | 'name'>,
): Promise<readonly number[]> => {
  const known = knownOf.get(database) ?? new Map<string, Known>()
  knownOf.set(database, known)
  const key = `${repoId}/${name}`
  const before = known.get(key)
  if (before && performance.now() < before.until) return before.durations
  const durations = await database.stages.listDurations(repoId, name, mostSamples)
  if (known.size >= mostKnown) known.clear()
  // An empty history is not kept: the first stage that ends makes one.
  if (durations.length > 0) known.set(key, { durations, until: performance.now() + goodForMs })
  return durations
}
