import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { mkdir, open, stat, writeFile } from 'node:fs/promises'
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
import { type OwnProcess, startProcess } from './own-process.ts'
import type { StageFolder } from './stage-folder.ts'
import { kill, startTimeOf } from './stage-processes.ts'

/** Runs the step and notes its exit code in the file that `$0` names, so that the code outlives the worker; then
 *  writes the marker behind its output. A signal to the group ends the step, not its wrapper: what is trapped is not
 *  ignored by the step. Only built-ins, for the step's PATH may be anything. */
const wrapper = `trap : TERM INT HUP QUIT
pipe=$1 marker=$2
shift 2
exec 3>"$pipe"
"$@" >&3 2>&3 3>&-
code=$?
echo "$code" >"$0"
echo "$marker" >&3
exit "$code"`

/** Copies a step's output from the pipe to its file, in a session of its own: it outlives worker and step. */
const copier = 'exec cat <"$0"'

/** How long a copier may go on after the wrapper was killed, because something left holds the pipe. */
const copierMs = 1_000

/** Runs one try of one step as a process in a session of its own. Its output goes through a pipe to a file, which is
 *  followed. A pipe, for a step that opens /dev/stdout or /dev/stderr anew would cut a file. */
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

  const copying = await startCopier(folder, run)
  const marker = randomBytes(24).toString('base64url')
  let running: OwnProcess
  try {
    running = await startProcess(
      ['/bin/sh', '-c', wrapper, run.exitCode, run.pipe, marker, ...argv],
      {
        cwd: workingDir,
        env: environmentOf(step, options, folder),
      },
    )
  } catch (error) {
    kill(copying.pid, 'SIGKILL')
    throw error
  }
  const ended = new AbortController()
  void endOf(running, copying, clock).then(() => ended.abort())
  const stopKilling = killWhenAborted(running, options, clock)
  try {
    await writeFile(run.process, `${running.pid} ${startTimeOf(running.pid)}\n`)
    options.onStarted?.()
    await followFile(run.output, Buffer.from(marker), options.output, ended.signal, clock)
    const { code } = await running.exited
    return { code, isOutOfMemory: false, note: '' }
  } catch (error) {
    // Nobody would read the rest of its output.
    if (!running.hasExited()) kill(-running.pid, 'SIGKILL')
    throw error
  } finally {
    stopKilling()
  }
}

/** The end of an output without a marker: the wrapper was killed, and the copier has copied what there was. Without
 *  its copier, the wrapper cannot go on. */
const endOf = async (running: OwnProcess, copying: OwnProcess, clock: Clock): Promise<void> => {
  void copying.exited.then(() => {
    if (!running.hasExited()) kill(-running.pid, 'SIGKILL')
  })
  const { isKilled } = await running.exited
  if (!isKilled) {
    await copying.exited
    return
  }
  const done = new AbortController()
  const limit = clock.sleep(copierMs, done.signal).catch(() => undefined)
  await Promise.race([copying.exited, limit])
  done.abort()
}

const startCopier = async (folder: StageFolder, run: RunFiles): Promise<OwnProcess> => {
  // HOME makes it one of the stage's processes when the stage is removed.
  const surroundings = { cwd: folder.path, env: { PATH: '/usr/bin:/bin', HOME: folder.home } }
  const made = await startProcess(['mkfifo', '-m', '600', run.pipe], surroundings)
  if ((await made.exited).code !== 0) throw invalid('no_pipe', 'cannot make a pipe for the output')
  const output = await open(run.output, 'a', 0o600)
  try {
    return await startProcess(['/bin/sh', '-c', copier, run.pipe], {
      ...surroundings,
      output: output.fd,
    })
  } finally {
    await output.close()
  }
}

interface RunFiles {
  readonly pipe: string
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
    pipe: join(path, 'pipe'),
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
export const environmentOf = (
  step: SpecStep,
  options: Pick<RunOptions, 'environment'>,
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

/** SIGTERM, grace, SIGKILL, to the step's group. Only while its leader is known to run: later the number may be
 *  another's. Gives the call that ends the watch. */
const killWhenAborted = (
  running: OwnProcess,
  { signal, killGraceMs }: RunOptions,
  clock: Clock,
): (() => void) => {
  const over = new AbortController()
  const killNow = () => {
    if (!running.hasExited()) kill(-running.pid, 'SIGKILL')
  }
  const onAbort = () => {
    if (running.hasExited()) return
    if (killGraceMs <= 0) return killNow()
    kill(-running.pid, 'SIGTERM')
    // A stopped process hears it only when it goes on.
    kill(-running.pid, 'SIGCONT')
    clock.sleep(killGraceMs, over.signal).then(killNow, () => undefined)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  return () => {
    over.abort()
    signal.removeEventListener('abort', onAbort)
  }
}
