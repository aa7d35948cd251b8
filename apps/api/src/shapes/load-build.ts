import type { BuildWarning, StageOutlook } from '@waggle/control'
import type { Build, Database, Stage } from '@waggle/domain'
import { buildShape } from './build-shape.ts'
import { optional } from './optional.ts'
import { stageShape } from './stage-shape.ts'
import { stepShape } from './step-shape.ts'

/** What a view of a build tells beside its rows. */
export interface BuildExtras {
  readonly outlooks: ReadonlyMap<number, StageOutlook>
  readonly warnings: readonly BuildWarning[]
}

/** A build with its stages, those with their steps, and the pipelines that are no stages with the reason, in five
 *  further reads at most, whatever their number. */
export const loadBuild = async (
  database: Pick<Database, 'builds' | 'stages' | 'steps' | 'attempts'>,
  build: Build,
  more?: (stages: readonly Stage[]) => Promise<BuildExtras>,
): Promise<ReturnType<typeof buildShape>> => {
  const [stages, plan, decisions] = await Promise.all([
    database.stages.listByBuild(build.id),
    database.builds.findPlan(build.id),
    database.builds.findDecisions(build.id),
  ])
  const ids = stages.map((stage) => stage.id)
  const [steps, cancels] = await Promise.all([
    database.steps.listByStages(ids),
    decisions?.endReason ? database.attempts.listCancels(ids) : [],
  ])
  const byStage = Map.groupBy(steps, (step) => step.stageId)
  const skipped = plan?.skipped ?? []
  const extras = await more?.(stages)
  const warnings = extras?.warnings ?? []
  return buildShape(build, {
    ...(skipped.length > 0 ? { skipped } : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
    ...optional({
      approved_by: decisions?.approvedBy ?? '',
      ended_by: decisions?.endedBy ?? '',
      end_reason: decisions?.endReason ?? '',
    }),
    stages: stages
      .toSorted((a, b) => a.number - b.number)
      .map((stage) =>
        stageShape(stage, {
          cancels: cancels.filter(({ stageId }) => stageId === stage.id),
          outlook: extras?.outlooks.get(stage.id),
          steps: (byStage.get(stage.id) ?? [])
            .toSorted((a, b) => a.number - b.number)
            .map(stepShape),
        }),
      ),
  })
}
