import type { ControlDeps } from '../control-deps.ts'
import { explainWait } from '../explain/explain-wait.ts'
import { sayReason } from '../explain/say-reason.ts'
import { failUnheldStage } from '../hand-over/fail-unheld-stage.ts'
import { deliverNow } from '../offers/deliver-outbox.ts'
import { spell } from '../spell.ts'

/** Ends a stage that has been pending for too long in `error`, with what it waited for (scheduling.md §12). Gives whether
 *  it was ended. */
export const endPending = async (deps: ControlDeps, stageId: number): Promise<boolean> => {
  const { database } = deps
  const stage = await database.stages.find(stageId)
  if (stage?.status !== 'pending' || stage.isHeld) return false
  const { nowMs, pendingSince, reasons } = await explainWait(deps, stage)
  const said = reasons.map((reason) => sayReason(reason, { nowMs, stage, isNaming: false }))
  const waited = said.length > 0 ? ` ${said.join(' ')}` : ''
  const text = `pending for ${spell(nowMs - pendingSince)}, longer than allowed.${waited}`
  await failUnheldStage(deps, stage, text)
  const { status } = (await database.stages.find(stageId)) ?? stage
  if (status !== 'error') return false
  // Where no worker looks nobody else would take the offer out.
  const { partition, attempt } = stage
  const offer = { kind: 'withdraw', stageId, attempt: attempt + 1, partition } as const
  await deliverNow(deps, await database.outbox.add([offer]))
  return true
}
