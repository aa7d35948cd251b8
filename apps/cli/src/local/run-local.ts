import { cliSettings, readSettings } from '@waggle/config'
import {
  type Engine,
  type Given,
  readLineBlock,
  type Spec,
  type StageResult,
  silentLogger,
  systemClock,
} from '@waggle/domain'
import { freshEnvironment } from '@waggle/pipeline'
import { type LineSink, MaskSet, runSpec, StepLog } from '@waggle/runtime'
import { cleanText } from '../clean-line.ts'
import { openProgress } from '../progress/open-progress.ts'
import type { ProgressView } from '../progress/progress-view.ts'
import { duration } from '../progress/status-mark.ts'
import type { LocalStage } from './compile-local.ts'
import type { ExecFlags } from './local-flags.ts'
import { LocalReporter } from './local-reporter.ts'

/** Runs a compiled stage on this machine and shows it. Gives how it ended. */
export const runLocal = async (
  { given, spec }: LocalStage,
  flags: ExecFlags,
  execRoot: string,
  signal: AbortSignal,
): Promise<StageResult['status']> => {
  const engine = await openEngine(given.stage.type, execRoot, flags)
  const view = openProgress(flags.raw ? { raw: true } : {})
  const reporter = new LocalReporter(view, given.stage.name)
  const begin = performance.now()
  try {
    const result = await walk(engine, given, spec, view, reporter, flags.timeout, signal)
    reporter.end(result.status, result.error, result.updates)
    const time = duration((performance.now() - begin) / 1000)
    const why = result.error === '' ? '' : `: ${result.error}`
    const note = `pipeline ${given.stage.name}: ${result.status} after ${time}${why}`
    view.note(cleanText(note))
    return result.status
  } finally {
    view.close()
    await engine.destroy(spec)
    await engine.close()
  }
}

const openEngine = async (type: string, root: string, flags: ExecFlags): Promise<Engine> => {
  const log = silentLogger
  if (type === 'exec') return (await import('@waggle/engine-exec')).createExecEngine({ root, log })
  const { createDockerEngine } = await import('@waggle/engine-docker')
  const { dockerSocket, dockerSubnets, pidsLimit } = readSettings(cliSettings)
  const socketPath = flags.socket ?? dockerSocket
  const engine = createDockerEngine({ socketPath, log, subnets: dockerSubnets, pidsLimit })
  await engine.ping(AbortSignal.timeout(5_000))
  return engine
}

const walk = (
  engine: Engine,
  given: Given,
  spec: Spec,
  view: ProgressView,
  reporter: LocalReporter,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<StageResult> => {
  const masks = new MaskSet(spec.masks)
  const startedAt = Date.now()
  return runSpec(
    {
      engine,
      reporter,
      openOutput: async (step) =>
        new StepLog({
          sink: viewSink(view, given.stage.name, step.name),
          masks,
          clock: systemClock,
        }),
      environment: (step, stage) =>
        freshEnvironment(given, { step, stage, stageStartedAt: startedAt, nowMs: Date.now() }),
      clock: systemClock,
      log: silentLogger,
      killGraceMs: 10_000,
      timeoutMs,
    },
    spec,
    signal,
  )
}

/** A step's lines go to the view; nothing is kept. */
const viewSink = (view: ProgressView, stage: string, step: string): LineSink => ({
  append: async (block) => {
    for (const line of readLineBlock(block)) view.line(stage, step, line.bytes.toString('utf8'))
  },
  preview: () => Promise.resolve(),
  seal: () => Promise.resolve(),
})
