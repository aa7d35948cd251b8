import { Buffer } from 'node:buffer'
import { cardLimitBytes, invalid, type Lease, type StepCard, type Stores } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { type StepLogName, withLog } from '../step-logs/step-logs.ts'
import { tellChange } from '../tell-change.ts'
import { cleanText, cutCodePoints } from '../text-limits.ts'
import { type LeaseOutcome, ok } from './refusal.ts'

/** Keeps the card that a step of the leased attempt printed (pipeline.md §15.4). The same card again changes nothing. */
export const storeStepCard = async (
  deps: ControlDeps,
  lease: Lease,
  { card, ...name }: StepLogName & { readonly card: StepCard },
): Promise<LeaseOutcome> => {
  const key = { stageId: lease.stageId, attempt: lease.attempt, ...name }
  const outcome = await withLog(deps, lease, key, async (stores, step, stage) => {
    await putCard(stores, step.id, card)
    return { ...ok, stage }
  })
  if (outcome.kind !== 'ok') return outcome
  tellChange(deps, outcome.stage)
  return ok
}

/** Keeps a card: its data beside, its schema on the step. `invalid` where it is too large. */
export const putCard = async (
  stores: Pick<Stores, 'cards' | 'steps'>,
  stepId: number,
  { schema, data }: StepCard,
): Promise<void> => {
  if (Buffer.byteLength(data) > cardLimitBytes)
    throw invalid('card_too_large', `a card holds at most ${cardLimitBytes} bytes`)
  await stores.cards.put(stepId, data)
  await stores.steps.update(stepId, { schema: cutCodePoints(cleanText(schema), 2_000) })
}
