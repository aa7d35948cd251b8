import {
  invalid,
  type Lease,
  type LogKey,
  type LogSeal,
  type LogSegment,
  readLineBlock,
  type Stage,
  type Step,
  type Stores,
} from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { holdLease, type LeaseWish } from '../hand-over/hold-lease.ts'
import { type LeaseOutcome, type LeaseRefused, leaseLost, ok } from '../hand-over/refusal.ts'
import { applySeal, closeLogs, demandGranted } from './apply-seals.ts'

/** The log of one try of one step of the leased attempt. */
export type StepLogName = Pick<LogKey, 'step' | 'try'>

/** `next`: number of the line that the archive is missing; where it is not what the sender expected, it goes on there. */
export type SegmentOutcome = { readonly kind: 'ok'; readonly next: number } | LeaseRefused

// Also while closing: a cancelled attempt's lines are kept (design §8).
const whileOpen: LeaseWish = { states: ['leased', 'granted', 'closing'] }

/** Adds lines to the archive before their step's end, and trims the live window behind them. */
export const archiveSegment = async (
  deps: ControlDeps,
  lease: Lease,
  name: StepLogName,
  segment: LogSegment,
): Promise<SegmentOutcome> => {
  checkSegment(segment)
  const key = keyOf(lease, name)
  const outcome = await withLog(deps, lease, key, async (stores, step, stage) => ({
    kind: 'ok' as const,
    buildId: stage.buildId,
    next: await stores.logs.append(key, step.id, segment),
  }))
  if (outcome.kind !== 'ok') return outcome
  const { buildId, next } = outcome
  await deps.liveLog.trim(key, next).catch((err: unknown) => {
    const place = { 'build.id': buildId, 'stage.id': key.stageId }
    deps.log.debug('live log was not trimmed', { ...place, err })
  })
  return { kind: 'ok', next }
}

/** Redis lost the stream: makes it again, and says from which line on the worker has to fill it. Throws `unavailable`
 *  while Redis is away. */
export const reopenLog = async (
  deps: ControlDeps,
  lease: Lease,
  name: StepLogName,
): Promise<SegmentOutcome> => {
  const key = keyOf(lease, name)
  const outcome = await withLog(deps, lease, key, async (stores) => {
    // A sealed log is over: a new stream of it would never be closed.
    const isSealed = (await stores.logs.findSeal(key)) !== null
    return { kind: 'ok' as const, next: await stores.logs.next(key), isSealed }
  })
  if (outcome.kind !== 'ok') return outcome
  if (!outcome.isSealed) await deps.liveLog.open(key)
  return { kind: 'ok', next: outcome.next }
}

/** The log is complete. `invalid` while the archive does not hold the lines that the seal names. */
export const sealLog = async (
  deps: ControlDeps,
  lease: Lease,
  sealed: StepLogName & { readonly seal: LogSeal },
): Promise<LeaseOutcome> => {
  const key = keyOf(lease, sealed)
  const outcome = await withLog(deps, lease, key, async (stores, step, stage) => {
    await applySeal(stores, step, key, sealed.seal)
    return { ...ok, buildId: stage.buildId }
  })
  if (outcome.kind !== 'ok') return outcome
  await closeLogs(deps, outcome.buildId, [key])
  return ok
}

const keyOf = (lease: Lease, name: StepLogName): LogKey => ({
  stageId: lease.stageId,
  attempt: lease.attempt,
  step: name.step,
  try: name.try,
})

/** Does the work if the lease holds and the step was granted this try. */
export const withLog = <T>(
  deps: ControlDeps,
  lease: Lease,
  key: LogKey,
  work: (stores: Stores, step: Step, stage: Stage) => Promise<T>,
): Promise<T | LeaseRefused> =>
  deps.database.transaction(async (stores) => {
    // Asked for together, run in order: the step is read under the stage's lock.
    const [held, step] = await Promise.all([
      holdLease(deps, stores, lease, whileOpen),
      stores.steps.findByNumber(key.stageId, key.step),
    ])
    if (held.kind !== 'held') return held.kind === 'repeat' ? leaseLost : held
    return work(stores, demandGranted(step, key), held.stage)
  })

/** What a worker sends is untrusted: readers must never meet a segment that does not decode (threats.md T-32). */
const checkSegment = (segment: LogSegment): void => {
  let bytes = 0
  try {
    for (const line of readLineBlock(segment)) bytes += line.bytes.length
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw invalid('bad_segment', `the segment is no block of lines: ${cause.message}`, { cause })
  }
  if (bytes !== segment.bytes)
    throw invalid('bad_segment', `the segment has ${bytes} bytes of lines, not ${segment.bytes}`)
}
