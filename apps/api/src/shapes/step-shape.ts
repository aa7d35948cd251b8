import { type Step, toUnixSeconds } from '@waggle/domain'
import { optional } from './optional.ts'

/** rest-api.md §6.6. `step_id` is the stage's id, as it has always been (quirk Q1). */
export const stepShape = (step: Step) => ({
  id: step.id,
  step_id: step.stageId,
  number: step.number,
  name: step.name,
  status: step.status,
  ...optional({ error: step.error, errignore: step.errIgnore }),
  exit_code: step.exitCode,
  ...optional({
    started: toUnixSeconds(step.startedAt),
    stopped: toUnixSeconds(step.stoppedAt),
  }),
  version: step.version,
  ...optional({
    depends_on: step.dependsOn,
    image: step.image,
    detached: step.detached,
    schema: step.schema,
  }),
})
