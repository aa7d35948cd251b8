import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resolveStages } from '@waggle/control'
import type { StageStatus } from '@waggle/domain'
import type { PlannedStage } from '@waggle/pipeline'
import { cleanText } from '../clean-line.ts'
import { type CommandContext, openInterrupt } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { print } from '../print.ts'
import { chooseStages } from './choose-stages.ts'
import { compileLocal } from './compile-local.ts'
import { type LocalFile, readLocalFile } from './local-file.ts'
import type { ExecFlags } from './local-flags.ts'
import { runLocal } from './run-local.ts'

/** Runs a pipeline file on this machine, without a server: its stages one after the other. Gives the exit code. */
export const execFile = async (
  path: string,
  flags: ExecFlags,
  context: CommandContext,
): Promise<number> => {
  const local = await readLocalFile(path, flags)
  const { stages, skipped } = chooseStages(local, flags.pipeline)
  for (const { name, reason } of skipped)
    say(
      `pipeline ${name}: ${stages.some((one) => one.name === name) ? 'for other events' : 'skipped'}, ${reason}`,
    )
  const folder = await mkdtemp(join(tmpdir(), 'waggle-exec-'))
  try {
    return await runAll(local, stages, flags, folder, openInterrupt(context))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** In file order, which dependencies cannot contradict: they name earlier pipelines only. */
const runAll = async (
  local: LocalFile,
  stages: readonly PlannedStage[],
  flags: ExecFlags,
  execRoot: string,
  signal: AbortSignal,
): Promise<number> => {
  // Of this run alone: two runs at once have nothing in common.
  const installation = `local${randomBytes(6).toString('hex')}`
  const timeoutMinutes = Math.max(1, Math.ceil(flags.timeout / 60_000))
  const status = new Map<number, StageStatus>(
    stages.map((one) => [
      one.number,
      one.dependsOn.length > 0 ? 'waiting_on_dependencies' : 'pending',
    ]),
  )
  const record = (one: PlannedStage) => ({
    ...one,
    id: one.number,
    status: status.get(one.number) ?? 'pending',
  })
  for (const stage of stages) {
    for (const number of resolveStages(stages.map(record)).skipped) {
      status.set(number, 'skipped')
      say(`pipeline ${nameOf(stages, number)}: skipped, by trigger.status and how its build goes`)
    }
    if (status.get(stage.number) === 'skipped') continue
    const siblings = stages.filter((one) => one !== stage).map(record)
    const options = { execRoot, timeoutMinutes, installation, siblings: siblings.map(sibling) }
    const compiled = await compileLocal(local, stage, flags, options)
    status.set(stage.number, await runLocal(compiled, flags, execRoot, signal))
    if (signal.aborted) return exitCodes.cancelled
  }
  return resolveStages(stages.map(record)).completion === 'success'
    ? exitCodes.ok
    : exitCodes.buildFailed
}

/** Names come from a file that nobody vouches for. */
const say = (text: string): void => print(cleanText(text))

const nameOf = (stages: readonly PlannedStage[], number: number): string =>
  stages.find((one) => one.number === number)?.name ?? ''

const sibling = ({ name, number, status }: PlannedStage & { readonly status: StageStatus }) => ({
  name,
  number,
  status,
})
