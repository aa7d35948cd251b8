import type { Build, Database } from '@waggle/domain'
import { buildShape } from './build-shape.ts'
import { stageShape } from './stage-shape.ts'
import { stepShape } from './step-shape.ts'

/** A build with its stages, and those with their steps, in two further reads whatever their number. */
export const loadBuild = async (
  database: Pick<Database, 'stages' | 'steps'>,
  build: Build,
): Promise<ReturnType<typeof buildShape>> => {
  const stages = await database.stages.listByBuild(build.id)
  const steps = await database.steps.listByStages(stages.map((stage) => stage.id))
  const byStage = Map.groupBy(steps, (step) => step.stageId)
  return buildShape(build, {
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
