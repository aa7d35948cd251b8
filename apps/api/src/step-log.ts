import type { Database, LogKey, Stage, Step } from '@waggle/domain'
import { isDone } from '@waggle/domain'
import { type Call, pathNumber } from './http/call.ts'
import type { RepoCall } from './http/route.ts'
import { missing } from './http/status-of.ts'

type Stores = Pick<Database, 'builds' | 'stages' | 'steps' | 'logs'>

/** The step that a path names by numbers; every read goes through the repository of the path (threats.md T-79). */
export const findStep = async (
  database: Stores,
  call: RepoCall,
): Promise<{ readonly stage: Stage; readonly step: Step }> => {
  const numbers = pathNumbers(call)
  const build = await database.builds.findByNumber(call.repo.id, numbers.build)
  const stages = build ? await database.stages.listByBuild(build.id) : []
  const stage = stages.find(({ number }) => number === numbers.stage)
  // A result that was kept has its logs where it came from, as long as that build is there.
  const owner = stage?.keptFrom ? await database.stages.find(stage.keptFrom) : stage
  const step = owner ? await database.steps.findByNumber(owner.id, numbers.step) : null
  if (!owner || !step) throw missing()
  return { stage: owner, step }
}

const pathNumbers = (call: Call) => ({
  build: pathNumber(call, 'build'),
  stage: pathNumber(call, 'stage'),
  step: pathNumber(call, 'step'),
})

/** The log of a step's latest try: the one being written, or else the newest that was archived. `null` = none. */
export const logOf = async (
  database: Pick<Database, 'logs'>,
  stage: Stage,
  step: Step,
): Promise<LogKey | null> => {
  const current: LogKey | null =
    step.grantedTry === 0
      ? null
      : { stageId: stage.id, attempt: stage.attempt, step: step.number, try: step.grantedTry }
  if (current && !isDone(step.status)) return current
  return (await database.logs.findLatest(step.id)) ?? current
}
