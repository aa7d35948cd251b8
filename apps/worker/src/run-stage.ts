import {
  type AttemptRef,
  type Clock,
  type Engine,
  failpoint,
  type Given,
  isWaggleError,
  type LiveLog,
  type Logger,
  type LogKey,
  type Spec,
  type StageResult,
  type StepCard,
} from '@waggle/domain'
import { type CompileResult, freshEnvironment } from '@waggle/pipeline'
import { masksOf, maskText, runSpec, StepLog } from '@waggle/runtime'
import type { HeldStages } from './held-stages.ts'
import type { Lease } from './lease.ts'
import { openLineSink } from './line-sink.ts'
import { createReporter, type LeasedReporter } from './stage-reporter.ts'
import type { WorkerApi } from './worker-api.ts'

export interface RunStageDeps {
  readonly api: WorkerApi
  readonly held: HeldStages
  readonly liveLog: LiveLog
  readonly engine: Engine
  readonly compile: (given: Given) => CompileResult
  /** Room for one more step in this worker; absent = no limit. */
  readonly slots?: (signal: AbortSignal) => Promise<() => void>
  readonly killGraceMs: number
  /** Whether steps may print cards; yes by default. */
  readonly hasCards?: boolean
  /** Told how it went: the stage's status, or why the worker has it no more. */
  readonly onOver?: (ref: AttemptRef, status: string) => void
  readonly clock: Clock
  readonly log: Logger
}

/** Runs an accepted stage to its end: compile → set up and run → tell → clean up. Never rejects; when it resolves the
 *  slot is free: nothing of the stage is left here, and what is, the janitor finds. */
export const runStage = async (deps: RunStageDeps, lease: Lease, given: Given): Promise<void> => {
  const log = deps.log.child({
    'build.id': given.build.id,
    'build.number': given.build.number,
    'repo.slug': given.repo.slug,
    'stage.id': given.stage.id,
    'stage.name': given.stage.name,
    attempt: given.attempt,
  })
  const startedAt = deps.clock.monotonic()
  let status = 'given up'
  try {
    const result = await compileAndRun({ ...deps, log }, lease, given)
    status = lease.ending === '' || lease.ending === 'stopped' ? result : lease.ending
    log.info('stage over', {
      status,
      durationMs: Math.round(deps.clock.monotonic() - startedAt),
    })
  } catch (err) {
    log.error('stage given up', { err })
  } finally {
    deps.onOver?.(lease.ref, status)
    lease.release()
    deps.held.delete(lease)
  }
}

const compileAndRun = async (deps: RunStageDeps, lease: Lease, given: Given): Promise<string> => {
  if (lease.ending === 'stopped') {
    await tellEnd(deps, lease, errorResult(''), false)
    if (lease.isCancelled) await acknowledge(deps, lease, errorResult(''))
    return 'released'
  }
  const begunAt = deps.clock.monotonic()
  const compiled = tryCompile(deps, given)
  if (compiled.kind === 'error') {
    await tellEnd(deps, lease, errorResult(compiled.message), false)
    if (lease.isCancelled) await acknowledge(deps, lease, errorResult(''))
    return 'error'
  }
  const { spec } = compiled
  const reporter = createReporter(deps.api, lease)
  const result = await runSteps(deps, lease, given, spec, reporter, begunAt)
  try {
    if (result !== null && !lease.isCancelled) {
      await tellEnd(deps, lease, result, reporter.mayHaveRun)
      await failpoint('stage.reported')
    }
  } finally {
    // Also where the end could not be told. Its signal is not the stage's: cancelling a build does not cancel the
    // cleaning.
    await deps.engine
      .destroy(spec)
      .catch((err: unknown) => deps.log.warn('clean-up failed; it is tried again later', { err }))
  }
  if (lease.isCancelled) await acknowledge(deps, lease, result ?? errorResult(''))
  return result?.status ?? 'lost'
}

/** A file can give rise to as many as it has steps. */
const mostWarnings = 10

/** A manifest that makes compile throw is a defect of ours; the stage gets its error all the same. */
const tryCompile = (deps: RunStageDeps, given: Given): CompileResult => {
  try {
    const result = deps.compile(given)
    if (result.kind === 'spec')
      for (const reason of result.warnings.slice(0, mostWarnings))
        deps.log.warn('compile warning', { 'stage.id': given.stage.id, reason })
    return result
  } catch (err) {
    deps.log.error('compile failed', { err })
    return { kind: 'error', message: 'internal error while compiling the pipeline' }
  }
}

/** `null`: nothing may be told, or what there was to tell is told. */
const runSteps = async (
  deps: RunStageDeps,
  lease: Lease,
  given: Given,
  spec: Spec,
  reporter: LeasedReporter,
  begunAt: number,
): Promise<StageResult | null> => {
  const masks = masksOf(spec.masks)
  const startedAt = deps.clock.now()
  try {
    return await runSpec(
      {
        engine: deps.engine,
        reporter,
        openOutput: async (step, tryNumber) => {
          const key = {
            stageId: given.stage.id,
            attempt: given.attempt,
            step: step.number,
            try: tryNumber,
          }
          return new StepLog({
            sink: openLineSink({ ...deps, lease, isDetached: step.detach }, key),
            masks,
            clock: deps.clock,
            storeCard: deps.hasCards !== false && ((card) => keepCard(deps, lease, key, card)),
          })
        },
        environment: (step, stage) =>
          freshEnvironment(given, {
            step,
            stage,
            stageStartedAt: startedAt,
            nowMs: deps.clock.now(),
          }),
        ...(deps.slots ? { slots: deps.slots } : {}),
        clock: deps.clock,
        log: deps.log,
        killGraceMs: deps.killGraceMs,
        timeoutMs: timeLeft(given, deps.clock.monotonic() - begunAt),
      },
      spec,
      lease.steps,
    )
  } catch (error) {
    if (lease.state === 'lost') return null
    deps.log.error('stage failed in this worker', { err: error })
    const text = error instanceof Error ? error.message : String(error)
    return errorResult(maskText(`worker: ${text}`, spec.masks))
  }
}

/** Of the repository's timeout, which counts from before the file is compiled (pipeline.md §14.7). */
export const timeLeft = ({ repo }: Pick<Given, 'repo'>, spentMs: number): number =>
  Math.max(1, repo.timeoutMinutes * 60_000 - spentMs)

/** A card that cannot be kept changes nothing of its step (runner-rpc.md §10). */
const keepCard = (deps: RunStageDeps, lease: Lease, key: LogKey, card: StepCard): Promise<void> =>
  deps.api
    .card(lease, key, card)
    .catch((err: unknown) => deps.log.warn('card not kept', { 'step.number': key.step, err }))

/** Tells the stage's end, or gives the stage back where the worker stops before anything of it can have run. */
const tellEnd = async (
  deps: RunStageDeps,
  lease: Lease,
  result: StageResult,
  mayHaveRun: boolean,
): Promise<void> => {
  try {
    if (lease.ending === 'stopped' && !mayHaveRun)
      await deps.api.release(lease, 'the worker was stopped')
    else if (lease.ending === 'stopped' && result.status === 'killed')
      await deps.api.finish(lease, { ...result, error: 'the worker was stopped' })
    else await deps.api.finish(lease, result)
    // Nothing is left to renew: a heartbeat during the clean-up would hear that the attempt is not ours any more.
    lease.release()
  } catch (error) {
    noteRefusal(lease, error)
  }
}

const acknowledge = async (
  deps: RunStageDeps,
  lease: Lease,
  result: StageResult,
): Promise<void> => {
  try {
    await deps.api.acknowledge(lease, result.updates)
  } catch (error) {
    noteRefusal(lease, error)
  }
}

/** The API closed the attempt meanwhile. Anything else than a refusal is thrown on. */
const noteRefusal = (lease: Lease, error: unknown): void => {
  if (lease.state === 'lost') return
  if (!isWaggleError(error, 'conflict')) throw error
  if (error.code === 'cancelled') lease.cancel()
  else lease.lose()
}

const errorResult = (message: string): StageResult => ({
  status: 'error',
  exitCode: 255,
  error: message.slice(0, 5_000),
  updates: [],
})
