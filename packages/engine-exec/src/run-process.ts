import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, open, readFile, stat, writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { join, resolve, sep } from 'node:path'
import {
  type Clock,
  cancelled,
  conflict,
  invalid,
  type RunOptions,
  type SpecStep,
  type StepExit,
} from '@waggle/domain'
import { followFile } from './follow-file.ts'
import type { StageFolder } from './stage-folder.ts'
import { kill, startTimeOf } from './stage-processes.ts'

/** Runs the step and notes its exit code in the file that `$0` names, so that the code outlives the worker. A signal
 *  to the group ends the step, not its wrapper: what is trapped is not ignored by the step. Only built-ins, for the
 *  step's PATH may be anything. Its own messages, such as "Terminated", are not the step's output. */
const wrapper = `trap : TERM INT HUP QUIT
exec 3>&2 2>/dev/null
"$@" 2>&3 3>&-
code=$?
echo "$code" > "$0"
exit "$code"`

/** Runs one try of one step as a process in a session of its own. Its output goes to a file, which is followed. */
export const runProcess = async (
  folder: StageFolder,
  step: SpecStep,
  options: RunOptions,
  clock: Clock,
): Promise<StepExit> => {
  const run = await prepareRun(folder, step, options.try)
  const argv = await writeScript(folder, step)
  const workingDir = step.workingDir || folder.source
  if (!(await isFolder(workingDir)))
    throw invalid('working_dir', `the working directory ${workingDir} does not exist`)
  if (options.signal.aborted) throw cancelled('step_cancelled', 'cancelled before it started')

  const output = await open(run.output, 'a', 0o600)
  const ended = new AbortController()
  try {
    const child = await start(argv, {
      cwd: workingDir,
      env: environmentOf(step, options, folder),
      output: output.fd,
      exitFile: run.exitCode,
    })
    const exited = exitOf(child).finally(() => ended.abort())
    const pid = child.pid ?? 0
    const stopKilling = killWhenAborted(pid, options, ended.signal, clock)
    await writeFile(run.process, `${pid} ${startTimeOf(pid)}\n`).catch(() => undefined)
    options.onStarted?.()
    try {
      await followFile(run.output, options.output, ended.signal, clock)
    } catch (error) {
      // Nobody would read the rest of its output.
      kill(-pid, 'SIGKILL')
      throw error
    } finally {
      stopKilling()
    }
    const code = (await readExitCode(run.exitCode)) ?? (await exited)
    return { code, isOutOfMemory: false, note: '' }
  } finally {
    ended.abort()
    await output.close()
  }
}

interface RunFiles {
  readonly output: string
  readonly process: string
  readonly exitCode: string
}

/** One try is started once: its folder is made, not found. */
const prepareRun = async (
  folder: StageFolder,
  step: SpecStep,
  tryNumber: number,
): Promise<RunFiles> => {
  const path = join(folder.runs, `${step.number}-${tryNumber}`)
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw conflict('step_started', 'this try of the step was started before', { cause: error })
  }
  return {
    output: join(path, 'output'),
    process: join(path, 'process'),
    exitCode: join(path, 'exit-code'),
  }
}

/** Compile names the script's path as the last argument; only a path in the stage's folder is written. */
const writeScript = async (folder: StageFolder, step: SpecStep): Promise<readonly string[]> => {
  const argv = [...step.entrypoint, ...step.command]
  if (step.script === '') {
    if (argv.length === 0) throw invalid('no_commands', 'the step has no commands')
    return argv
  }
  const named = resolve(argv.at(-1) ?? '')
  const isNamed = argv.length > 1 && named.startsWith(folder.scripts + sep)
  const path = isNamed ? named : join(folder.scripts, `step-${step.number}`)
  await writeFile(path, step.script, { mode: 0o700 })
  return isNamed ? argv : ['/bin/sh', '-e', path]
}

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => null))?.isDirectory() ?? false

/** The spec's variables, the fresh ones, the secrets; nothing of the worker's own. The credentials for git are in a
 *  file (environment.md §2.2). */
const environmentOf = (
  step: SpecStep,
  options: RunOptions,
  folder: StageFolder,
): Record<string, string> => {
  const environment: Record<string, string> = {
    HOME: folder.home,
    ...step.environment,
    ...options.environment,
  }
  for (const { env, value } of step.secrets) if (env !== '') environment[env] = value
  for (const name of Object.keys(environment))
    if (name.startsWith('DRONE_NETRC_')) delete environment[name]
  return environment
}

interface Start {
  readonly cwd: string
  readonly env: Record<string, string>
  readonly output: number
  readonly exitFile: string
}

const start = async (argv: readonly string[], { cwd, env, output, exitFile }: Start) => {
  try {
    const child = spawn('/bin/sh', ['-c', wrapper, exitFile, ...argv], {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', output, output],
    })
    await new Promise((done, failed) => child.once('spawn', done).once('error', failed))
    return child
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    const why = code === 'E2BIG' ? 'its environment is too large' : code
    throw invalid('step_not_started', `cannot start the step: ${why}`, { cause: error })
  }
}

const exitOf = (child: ChildProcess): Promise<number> =>
  new Promise((done) => {
    child.once('exit', (code, signal) => {
      done(code ?? 128 + (signal ? constants.signals[signal] : 127))
    })
  })

/** The wrapper's note; null when the wrapper was killed, too. */
const readExitCode = async (path: string): Promise<number | null> => {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.endsWith('\n') ? Number(text) : null
}

/** SIGTERM, grace, SIGKILL, to the step's group. Only while its wrapper is known to run: later the number may be
 *  another's. Gives the call that ends the watch. */
const killWhenAborted = (
  pid: number,
  { signal, killGraceMs }: RunOptions,
  ended: AbortSignal,
  clock: Clock,
): (() => void) => {
  const onAbort = () => {
    if (ended.aborted) return
    if (killGraceMs > 0) {
      kill(-pid, 'SIGTERM')
      // A stopped process hears it only when it goes on.
      kill(-pid, 'SIGCONT')
    }
    clock.sleep(killGraceMs, ended).then(
      () => kill(-pid, 'SIGKILL'),
      () => undefined,
    )
  }
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  return () => signal.removeEventListener('abort', onAbort)
}
