import { partitionName, partitionOf, type Stores } from '@waggle/domain'
import type { BuildPlan } from '../trigger/build-plan.ts'

const defaultPartitionsPerRepo = 100

/** The plan, or an error in its place where it would spread the unfinished stages of its repository over more partitions
 *  than allowed (design §14): each costs keys in Redis and a place in the waits of workers, and labels are free text.
 *  What is in a partition already may always go there. Inside the transaction that holds the repository's row. */
export const capPartitions = async (
  stores: Pick<Stores, 'stages'>,
  repoId: number,
  plan: BuildPlan,
  most = defaultPartitionsPerRepo,
): Promise<BuildPlan> => {
  if (plan.kind === 'error') return plan
  const wanted = new Set(plan.stages.map((stage) => partitionName(partitionOf(stage))))
  const open = await stores.stages.listOpenPartitions(repoId, most + 1)
  const fresh = [...wanted].filter((name) => !open.includes(name)).length
  if (fresh === 0 || open.length + fresh <= most) return plan
  const error = `the unfinished stages of this repository are of ${open.length} kinds of workers (platform and labels), and this build has ${fresh} further ones: at most ${most} are allowed at once`
  return { kind: 'error', error, text: plan.text }
}
