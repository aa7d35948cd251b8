import type { Build, Database } from '@waggle/domain'
import { buildShape } from './build-shape.ts'
import { stageShape } from './stage-shape.ts'
import { stepShape } from './step-shape.ts'

/** A build with its stages, those with their steps, and the pipelines that are no stages with the reason, in three
 *  further reads whatever their number. */
export const loadBuild = async (
  database: Pick<Database, 'builds' | 'stages' | 'steps'>,
  build: Build,
): Promise<ReturnType<typeof buildShape>> => {
  const [stages, plan] = await Promise.all([
    database.stages.listByBuild(build.id),
    database.builds.findPlan(build.id),
  ])
  const steps = await database.steps.listByStages(stages.map((stage) => stage.id))
  const byStage = Map.groupBy(steps, (step) => step.stageId)
  const skipped = plan?.skipped ?? []
  return buildShape(build, {
    ...(skipped.length > 0 ? { skipped } : {}),
    stages: stages
      .toSorted((a, b) => a.number - b.number)
      .map((stage) =>
        stageShape(stage, {
          steps: (byStage.get(stage.id) ?? [])
            .toSorted((a, b) => a.number - b.number)
            .map(stepShape),
        }),
      ),
  })
}
