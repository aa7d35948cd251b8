import { notFound } from '@waggle/domain'
import type { ApiBuild, ApiStage } from '../api-shapes.ts'
import { cleanText } from '../clean-line.ts'
import type { Client } from '../client.ts'
import type { JsonFlags } from '../command-context.ts'
import { print, printJson } from '../print.ts'
import { duration, statusMark } from '../progress/status-mark.ts'
import type { ApiWait } from '../queue-shapes.ts'
import { spanText } from '../span-text.ts'

/** More than so many stages of one build wait for the same reasons. */
const mostStages = 20

const open = new Set(['pending', 'waiting_on_dependencies', 'blocked', 'running'])

/** Says why a stage, or each stage of the build that is not over, does not run. */
export const explainBuild = async (
  client: Client,
  repo: string,
  number: number,
  stage: string | undefined,
  flags: JsonFlags,
): Promise<void> => {
  const build = await client.findBuild(repo, number)
  const asked = stage === undefined ? openStages(build) : [findStage(build, stage)]
  const shown = asked.slice(0, mostStages)
  const answers: unknown[] = []
  for (const { number: stageNumber } of shown) {
    const { wait, raw } = await client.explainStage(repo, number, stageNumber)
    answers.push(raw)
    if (!flags.json) printWait(wait)
  }
  if (flags.json) {
    printJson(stage === undefined ? answers : answers[0])
    return
  }
  if (asked.length === 0) print(`build ${number} of ${repo} is over: ${build.status}`)
  if (asked.length > shown.length) print(`and ${asked.length - shown.length} more stages`)
}

const openStages = (build: ApiBuild): readonly ApiStage[] =>
  build.stages.filter(({ status }) => open.has(status))

const findStage = (build: ApiBuild, wanted: string): ApiStage => {
  const found =
    build.stages.find(({ number }) => String(number) === wanted) ??
    build.stages.find(({ name }) => name === wanted)
  if (found) return found
  const names = build.stages.map(({ number, name }) => `${number} ${cleanText(name)}`).join(', ')
  throw notFound('stage_unknown', `the build has no stage "${wanted}"; it has ${names || 'none'}`)
}

const printWait = (wait: ApiWait): void => {
  const mark = statusMark(wait.state === 'waiting' ? 'pending' : wait.state, process.stdout)
  print(`${mark} stage ${wait.stage} ${cleanText(wait.name)}: ${wait.state}`)
  for (const { message } of wait.reasons) print(`    ${cleanText(message)}`)
  if (wait.position > 0) {
    const depth = wait.depth === null ? '' : ` of ${wait.depth}`
    print(`    position ${wait.position}${depth} in its queue`)
  }
  if (wait.state === 'waiting') print(`    starts ${spanText(wait.startsIn)}`)
  if (wait.state !== 'ended' && wait.endsIn !== null) print(`    ends ${spanText(wait.endsIn)}`)
  if (wait.duration !== null) {
    const { samples, low, median, high } = wait.duration
    const figures = `${duration(median)} (${duration(low)} to ${duration(high)})`
    print(`    usually takes ${figures}, by the last ${samples} of its name`)
  }
  for (const { attempt, worker, end } of wait.past)
    print(`    attempt ${attempt} on ${cleanText(worker)}: ${end}`)
}
