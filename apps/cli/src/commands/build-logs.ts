import { isDone, notFound, type StepStatus } from '@waggle/domain'
import type { ApiBuild, ApiLine, ApiStage, ApiStep } from '../api-shapes.ts'
import { cleanLine } from '../clean-line.ts'
import type { Client } from '../client.ts'
import { type CommandContext, openInterrupt } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { print } from '../print.ts'
import { followBuild } from '../progress/follow-build.ts'
import { readLog } from '../read-log.ts'
import type { LogFlags } from './build-flags.ts'

export interface LogAddress {
  readonly repo: string
  readonly number: number
  readonly stage: string | undefined
  readonly step: string | undefined
}

/** Prints lines of a build; all of it, one stage or one step. Gives the exit code. */
export const printLogs = async (
  client: Client,
  address: LogAddress,
  flags: LogFlags,
  context: CommandContext,
): Promise<number> => {
  const { repo, number } = address
  const signal = openInterrupt(context)
  if (flags.follow && address.stage === undefined)
    return followBuild(client, repo, number, { signal, ...(flags.raw ? { raw: true } : {}) })
  const build = await client.findBuild(repo, number)
  const steps = select(build, address)
  for (const { stage, step } of steps) {
    const place = { build: number, stage: stage.number, step: step.number }
    const prefix = steps.length === 1 || flags.json ? '' : `[${label(build, stage, step)}] `
    const show = (line: ApiLine) => showLine(line, prefix, stage, step, flags)
    const isLive = flags.follow && !isDone(step.status as StepStatus)
    try {
      if (isLive || (await client.hasLog(repo, place, signal)))
        for await (const line of readLog(client, repo, place, 0, signal)) show(line)
    } catch (error) {
      if (signal.aborted) return exitCodes.cancelled
      throw error
    }
  }
  return exitCodes.ok
}

interface Selected {
  readonly stage: ApiStage
  readonly step: ApiStep
}

const select = (build: ApiBuild, address: LogAddress): readonly Selected[] => {
  const stages = pick(build.stages, address.stage, 'stage')
  return stages.flatMap((stage) =>
    pick(stage.steps, address.step, 'step').map((step) => ({ stage, step })),
  )
}

/** By number or by name; all where nothing was said. */
const pick = <T extends { readonly number: number; readonly name: string }>(
  all: readonly T[],
  wanted: string | undefined,
  what: string,
): readonly T[] => {
  if (wanted === undefined) return all
  const found = all.filter(({ number, name }) => String(number) === wanted || name === wanted)
  if (found.length > 0) return found
  const known = all.map(({ name }) => name).join(', ')
  throw notFound(`no_${what}`, `the build has no ${what} "${wanted}"; it has: ${known || 'none'}`)
}

const label = (build: ApiBuild, stage: ApiStage, step: ApiStep): string =>
  build.stages.length > 1 ? `${stage.name}/${step.name}` : step.name

const showLine = (
  line: ApiLine,
  prefix: string,
  stage: ApiStage,
  step: ApiStep,
  flags: LogFlags,
): void => {
  if (flags.json) {
    print(JSON.stringify({ stage: stage.name, step: step.name, ...line }))
    return
  }
  const lines = flags.raw ? [line.out.replace(/\n$/, '')] : cleanLine(line.out)
  for (const text of lines) print(prefix + text)
}
