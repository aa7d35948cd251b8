import type { Database, Stage } from '@waggle/domain'
import { FewAtOnce } from '../few-at-once.ts'

/** So many of the last stages say how long the next one takes. */
const mostSamples = 20
const goodForMs = 30_000
const mostKnown = 5_000

interface Known {
  readonly durations: Promise<readonly number[]>
  readonly until: number
}

const knownOf = new WeakMap<Database, Map<string, Known>>()

/** How long the last stages of the same repository and name took, newest first. What was read is good for 30 s, and who
 *  asks while it is read waits for the same answer: a list of stages asks for the same few names again and again. */
export const stageHistory = async (
  database: Database,
  { repoId, name }: Pick<Stage, 'repoId' | 'name'>,
): Promise<readonly number[]> => {
  const known = knownOf.get(database) ?? new Map<string, Known>()
  knownOf.set(database, known)
  const key = `${repoId}/${name}`
  const before = known.get(key)
  if (before && performance.now() < before.until) return before.durations
  if (known.size >= mostKnown) known.clear()
  const durations = database.stages.listDurations(repoId, name, mostSamples)
  const reading = { durations, until: performance.now() + goodForMs }
  known.set(key, reading)
  const forget = (): void => {
    if (known.get(key) === reading) known.delete(key)
  }
  // An empty history is not kept: the first stage that ends makes one. Nor is a failure.
  durations.then((list) => list.length === 0 && forget(), forget)
  return durations
}

const atOnce = 4

/** Those of several stages, in their order. One caller must not hold every connection of the pool. */
export const stageHistories = async (
  database: Database,
  stages: readonly Pick<Stage, 'repoId' | 'name'>[],
): Promise<readonly (readonly number[])[]> => {
  const byName = new Map(stages.map((stage) => [`${stage.repoId}/${stage.name}`, stage]))
  const few = new FewAtOnce(atOnce)
  const found = new Map(
    await Promise.all(
      [...byName].map(([key, stage]) =>
        few.run(0, async () => [key, await stageHistory(database, stage)] as const),
      ),
    ),
  )
  return stages.map(({ repoId, name }) => found.get(`${repoId}/${name}`) ?? [])
}
