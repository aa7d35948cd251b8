import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
import { refreshEnvironment } from '@waggle/pipeline'
import { type LineSink, MaskSet, runSpec, StepLog } from '@waggle/runtime'
import { type CommandContext, openInterrupt } from '../command-context.ts'
import type { ExecFlags } from '../commands/local-commands.ts'
import { exitCodes } from '../exit-code.ts'
import { openProgress, type ProgressView } from '../progress/progress-view.ts'
import { duration } from '../progress/status-mark.ts'
import { compileLocal } from './compile-local.ts'
import { LocalReporter } from './local-reporter.ts'

/** Runs a pipeline file on this machine, without a server. Gives the exit code. */
export const execFile = async (
  file: string,
  flags: ExecFlags,
  context: CommandContext,
): Promise<number> => {
  const folder = await mkdtemp(join(tmpdir(), 'waggle-exec-'))
  try {
    const { given, spec } = await compileLocal(file, flags, {
      execRoot: folder,
      timeoutMinutes: flags.timeout,
      // Of this run alone: two runs at once have nothing in common.
      installation: `local${randomBytes(6).toString('hex')}`,
    })
    const engine = await openEngine(given.stage.type, folder, flags)
    try {
      return await runLocal(engine, given, spec, flags, openInterrupt(context))
    } finally {
      await engine.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
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

const runLocal = async (
  engine: Engine,
  given: Given,
  spec: Spec,
  flags: ExecFlags,
  signal: AbortSignal,
): Promise<number> => {
  const view = openProgress(flags.raw ? { raw: true } : {})
  const reporter = new LocalReporter(view, given.stage.name)
  const begin = performance.now()
  try {
    const result = await walk(engine, given, spec, view, reporter, signal)
    reporter.end(result.status, result.error, result.updates)
    const time = duration((performance.now() - begin) / 1000)
    const why = result.error === '' ? '' : `: ${result.error}`
    view.note(`pipeline ${given.stage.name}: ${result.status} after ${time}${why}`)
    if (signal.aborted) return exitCodes.cancelled
    return result.status === 'success' ? exitCodes.ok : exitCodes.buildFailed
  } finally {
    view.close()
    await engine.destroy(spec)
  }
}

const walk = (
  engine: Engine,
  given: Given,
  spec: Spec,
  view: ProgressView,
  reporter: LocalReporter,
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
      environment: (step, state) =>
        refreshEnvironment(given, {
          buildStatus: state.isFailed ? 'failure' : 'success',
          stageStatus: state.isFailed ? 'failure' : 'success',
          stageStartedAt: startedAt,
          failedSteps: state.steps.flatMap(({ name, status, errIgnore }) =>
            status === 'error' || status === 'killed' || (status === 'failure' && !errIgnore)
              ? [name]
              : [],
          ),
          step: { name: step.name, number: step.number },
          nowMs: Date.now(),
        }),
      clock: systemClock,
      log: silentLogger,
      killGraceMs: 10_000,
      timeoutMs: given.repo.timeoutMinutes * 60_000,
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
