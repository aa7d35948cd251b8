import {
  invalid,
  type Lease,
  type LogKey,
  type LogSeal,
  type Step,
  type StepSeal,
  type Stores,
} from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { cleanText, cutCodePoints } from '../text-limits.ts'

/** Seals logs inside the transaction that tells their steps' ends. `invalid` for a try that was not granted, and while
 *  the archive does not hold the lines that a seal names. Sealing again keeps the first seal. Gives the logs whose
 *  streams are to be closed after the commit. */
export const applySeals = async (
  stores: Stores,
  steps: readonly Step[],
  lease: Pick<Lease, 'stageId' | 'attempt'>,
  seals: readonly StepSeal[],
): Promise<readonly LogKey[]> => {
  const { stageId, attempt } = lease
  const keys: LogKey[] = []
  for (const { step: number, try: tryNumber, seal } of seals) {
    const key: LogKey = { stageId, attempt, step: number, try: tryNumber }
    const found = steps.find((one) => one.number === number)
    await applySeal(stores, demandGranted(found, key), key, seal)
    keys.push(key)
  }
  return keys
}

/** Seals one log of a try that was granted. */
export const applySeal = async (
  stores: Stores,
  step: Step,
  key: LogKey,
  seal: LogSeal,
): Promise<void> => {
  const [next, before] = await Promise.all([stores.logs.next(key), stores.logs.findSeal(key)])
  if (before === null && next !== seal.lines)
    throw invalid('log_incomplete', `the seal names ${seal.lines} lines, the archive has ${next}`)
  await stores.logs.seal(key, step.id, { ...seal, gap: cutCodePoints(cleanText(seal.gap), 500) })
}

/** The step of a log; `invalid` where the stage has none with its number, or its try was not granted. */
export const demandGranted = (step: Step | null | undefined, key: LogKey): Step => {
  if (!step) throw invalid('unknown_step', `the stage has no step ${key.step}`)
  if (key.try < 1 || key.try > step.grantedTry)
    throw invalid('not_granted', `try ${key.try} of step ${key.step} was not granted`)
  return step
}

/** Tells viewers that these logs are over. A stream that cannot be closed now expires by itself; viewers look for the
 *  seal from time to time. */
export const closeLogs = async (
  { liveLog, log }: Pick<ControlDeps, 'liveLog' | 'log'>,
  buildId: number,
  keys: readonly LogKey[],
): Promise<void> => {
  await Promise.all(
    keys.map((key) =>
      liveLog.close(key).catch((err: unknown) => {
        log.warn('live log was not closed', {
          'build.id': buildId,
          'stage.id': key.stageId,
          err,
        })
      }),
    ),
  )
}
