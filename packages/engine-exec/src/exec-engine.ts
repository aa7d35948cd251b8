import { access, constants, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type AttemptRef,
  type CacheLimits,
  type Clock,
  type Engine,
  isWaggleError,
  type Logger,
  type ProbeOptions,
  type ProbeResult,
  type RunOptions,
  type Spec,
  type SpecStep,
  type StepExit,
  systemClock,
  unavailable,
} from '@waggle/domain'
import { stageLog } from '@waggle/pipeline'
import { CacheFolders } from './cache-folders.ts'
import { probeProcess } from './probe-process.ts'
import { environmentOf, runProcess } from './run-process.ts'
import { StageFolder } from './stage-folder.ts'
import { killStageProcesses } from './stage-processes.ts'

export interface ExecEngineOptions {
  /** Folder that holds the stages' folders; nothing outside of it is ever removed. */
  readonly root: string
  readonly log: Logger
  readonly clock?: Clock
}

/** Runs steps as processes of this machine, without isolation (pipeline.md §6). */
export const createExecEngine = (options: ExecEngineOptions): Engine => new ExecEngine(options)

class ExecEngine implements Engine {
  readonly type = 'exec'
  readonly #root: string
  readonly #log: Logger
  readonly #clock: Clock
  readonly #caches: CacheFolders

  constructor({ root, log, clock = systemClock }: ExecEngineOptions) {
    this.#root = root
    this.#log = log
    this.#clock = clock
    this.#caches = new CacheFolders({ root, log, clock })
  }

  async ping(): Promise<void> {
    try {
      await access('/bin/sh', constants.X_OK)
      await mkdir(this.#root, { recursive: true, mode: 0o700 })
      await access(this.#root, constants.W_OK | constants.X_OK)
    } catch (error) {
      throw unavailable('exec_unavailable', `cannot run steps on this machine: ${textOf(error)}`, {
        cause: error,
      })
    }
  }

  async setup(spec: Spec): Promise<void> {
    const folder = StageFolder.of(spec, this.#root)
    try {
      await folder.create(spec)
      await this.#caches.prepare(spec)
      const netrc = netrcOf(spec)
      if (netrc !== '') await writeFile(join(folder.home, '.netrc'), `${netrc}\n`, { mode: 0o600 })
    } catch (error) {
      throw unavailable('exec_folder', `cannot make the stage's folder: ${textOf(error)}`, {
        cause: error,
      })
    }
  }

  async run(spec: Spec, step: SpecStep, options: RunOptions): Promise<StepExit> {
    const folder = StageFolder.of(spec, this.#root)
    try {
      if (!getsNetrc(step)) await forgetNetrc(join(folder.home, '.netrc'), netrcOf(spec))
      return await runProcess(folder, step, options, this.#clock)
    } catch (error) {
      if (isWaggleError(error) || !isSystemError(error)) throw error
      throw unavailable('exec_failed', `cannot run the step: ${textOf(error)}`, { cause: error })
    }
  }

  async probe(spec: Spec, step: SpecStep, options: ProbeOptions): Promise<ProbeResult> {
    const folder = StageFolder.of(spec, this.#root)
    const env = environmentOf(step, options, folder)
    return probeProcess(step, {
      cwd: step.workingDir || folder.source,
      env,
      signal: options.signal,
    })
  }

  async purgeCaches(owner: string, limits: CacheLimits): Promise<number> {
    return this.#caches.purge(owner, limits)
  }

  async destroy(spec: Spec): Promise<void> {
    this.#caches.release(spec)
    await this.#removeFolder(StageFolder.of(spec, this.#root), stageLog(this.#log, spec))
  }

  async leftovers(installation: string): Promise<readonly AttemptRef[]> {
    return (await StageFolder.list(this.#root, installation)).map(({ ref }) => ref)
  }

  async remove(installation: string, ref: AttemptRef): Promise<void> {
    for (const found of await StageFolder.list(this.#root, installation))
      if (found.ref.stageId === ref.stageId && found.ref.attempt === ref.attempt)
        await this.#removeFolder(found.folder, this.#log)
  }

  async close(): Promise<void> {}

  async #removeFolder(folder: StageFolder, log: Logger): Promise<void> {
    const killed = await killStageProcesses(folder, this.#clock)
    if (killed > 0) log.debug('processes left by a stage killed', { count: killed })
    try {
      await folder.remove()
    } catch (error) {
      // The janitor tries again; the stage's result does not depend on it.
      log.warn('stage folder not removed', { path: folder.path, err: error })
    }
  }
}

const netrcName = 'DRONE_NETRC_FILE'

/** The line that compile gives for git's credentials; the first step that has one. */
const netrcOf = (spec: Spec): string => {
  for (const { environment, secrets } of spec.steps) {
    const line = environment[netrcName] ?? secrets.find(({ env }) => env === netrcName)?.value ?? ''
    if (line !== '') return line
  }
  return ''
}

/** A file that another step wrote for itself stays. */
const forgetNetrc = async (path: string, netrc: string): Promise<void> => {
  if (netrc === '') return
  const text = await readFile(path, 'utf8').catch(() => '')
  if (text === `${netrc}\n`) await rm(path, { force: true })
}

/** One that gets no credentials for git comes after the clone, which does, and must not find the clone's either. */
const getsNetrc = ({ environment, secrets }: SpecStep): boolean =>
  (environment[netrcName] ?? '') !== '' || secrets.some(({ env }) => env === netrcName)

const isSystemError = (error: unknown): boolean =>
  typeof (error as NodeJS.ErrnoException).code === 'string'

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
