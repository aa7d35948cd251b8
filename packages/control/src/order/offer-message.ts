import type { Stage } from '@waggle/domain'

/** The promise to offer a stage's next attempt. */
export const offerMessage = (stage: Pick<Stage, 'id' | 'attempt'>) =>
  ({ kind: 'offer', stageId: stage.id, attempt: stage.attempt + 1 }) as const
