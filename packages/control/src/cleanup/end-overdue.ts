import type { OutboxMessage, OverdueStage } from '@waggle/domain'
import { advanceBuild } from '../advance/advance-build.ts'
import type { ControlDeps, TellDeps } from '../control-deps.ts'
import { deliverNow } from '../offers/deliver-outbox.ts'
import { spell } from '../spell.ts'
import { tellChange } from '../tell-change.ts'
import { errorText } from '../text-limits.ts'
import { promiseBuildUpdate } from '../webhooks/promise-webhooks.ts'

/** Ends a stage that its worker should have ended by its timeout long ago (scheduling.md §12): `killed`, its attempt
 *  closing, so that the worker is told and may still hand in lines. The build goes on by its rules. Gives whether it
 *  was ended. */
export const endOverdue = async (
  deps: TellDeps & Pick<ControlDeps, 'clock'>,
  { stageId, timeoutMinutes }: OverdueStage,
  bufferMs: number,
): Promise<boolean> => {
  const nowMs = deps.clock.now()
  const limits = `${spell(timeoutMinutes * 60_000)} and ${spell(bufferMs)} more`
  const error = errorText(`timed out: ran longer than ${limits}`)
  const result = await deps.database.transaction(async (stores, atEnd) => {
    const limitsOf = await stores.limits.lock({ stageId })
    const build = await stores.builds.lockOfStage(stageId)
    const stage = await stores.stages.lock(stageId)
    const isHeldStage = stage?.status === 'running' || (stage?.status === 'pending' && stage.isHeld)
    if (!build || !stage || !isHeldStage) return null
    await promiseBuildUpdate(deps, stores, stage, atEnd)
    const closing = { state: 'closing', cancelRequested: true } as const
    const held = ['leased', 'granted'] as const
    const attempt = await stores.attempts.update(stageId, stage.attempt, closing, held)
    const startedAt = stage.startedAt || nowMs
    const end = {
      status: 'killed',
      error,
      startedAt,
      stoppedAt: Math.max(nowMs, startedAt),
    } as const
    await stores.stages.update(stageId, end, { status: stage.status })
    const steps = { ifStarted: 'killed', ifNot: 'skipped', exitCode: 130, nowMs } as const
    await stores.steps.closeOpen([stageId], steps)
    const messages: OutboxMessage[] = attempt
      ? [{ kind: 'cancel', stageId, attempt: stage.attempt, workerId: attempt.workerId }]
      : []
    const told = messages.length > 0 ? await stores.outbox.add(messages) : []
    const freed = { limitsOf, names: [stage.name] }
    const advance = await advanceBuild(stores, build, nowMs, atEnd, freed)
    return { ...advance, outbox: [...told, ...advance.outbox], stage }
  })
  if (result === null) return false
  deps.log.warn('stage ended, its worker did not stop it in time', {
    'build.id': result.build.id,
    'stage.id': stageId,
    attempt: result.stage.attempt,
  })
  tellChange(deps, result.build)
  await deliverNow(deps, result.outbox, result.pending)
  return true
}
