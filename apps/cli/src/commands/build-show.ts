import { invalid } from '@waggle/domain'
import { type ApiBuild, type ApiStage, readBuild } from '../api-shapes.ts'
import { cancelLine } from '../cancel-line.ts'
import { cleanText } from '../clean-line.ts'
import type { Client } from '../client.ts'
import type { JsonFlags } from '../command-context.ts'
import { print, printJson, table } from '../print.ts'
import { printWarnings } from '../print-warnings.ts'
import { duration, statusMark } from '../progress/status-mark.ts'
import { spanText } from '../span-text.ts'
import type { ListFlags, StopFlags } from './build-flags.ts'

export const listBuilds = async (client: Client, repo: string, flags: ListFlags): Promise<void> => {
  const builds = await client.listBuilds(repo, flags)
  if (flags.json) {
    printJson(builds)
    return
  }
  if (builds.length === 0) {
    print('no builds')
    return
  }
  const rows = builds.map((build) => [
    String(build.number),
    build.status,
    build.event,
    build.after.slice(0, 8),
    cleanText(build.target || build.ref),
    took(build),
    cleanText((build.title || build.message || build.error).split('\n')[0] ?? '').slice(0, 60),
  ])
  print(table([['#', 'STATUS', 'EVENT', 'COMMIT', 'TARGET', 'TOOK', 'MESSAGE'], ...rows]))
}

export const showBuild = async (
  client: Client,
  repo: string,
  number: number | 'latest',
  flags: JsonFlags,
): Promise<void> => {
  const build = await client.findBuild(repo, number)
  if (flags.json) printJson(build)
  else printBuild(repo, build)
}

export const stopBuilds = async (
  client: Client,
  repo: string,
  number: number | undefined,
  flags: StopFlags,
): Promise<void> => {
  const isMany = flags.pending === true || flags.all === true
  if (isMany === (number !== undefined))
    throw invalid('which_build', 'name one build, or give --pending or --all')
  if (number !== undefined) return stopBuild(client, repo, number, flags)
  const raw = await client.ask(repo, 'POST', 'builds/cancel', {
    status: flags.all ? 'all' : 'pending',
    ...(flags.before === undefined ? {} : { before: String(flags.before) }),
    ...(flags.branch === undefined ? {} : { branch: flags.branch }),
  })
  const ended = (Array.isArray(raw) ? raw : []).flatMap((each) => readBuild(each) ?? [])
  if (flags.json) printJson(raw)
  else if (ended.length === 0) print('no builds')
  else for (const build of ended) print(`build ${build.number} of ${repo}: ${build.status}`)
}

const stopBuild = async (
  client: Client,
  repo: string,
  number: number,
  flags: JsonFlags,
): Promise<void> => {
  const build = await client.stopBuild(repo, number)
  if (flags.json) printJson(build)
  else print(`build ${number} of ${repo}: ${build.status}`)
}

/** Where a stage that is not over stands. */
const outlook = ({ status, position, startsIn, endsIn }: ApiStage): string => {
  const ends = endsIn === null ? '' : `, ends ${spanText(endsIn)}`
  if (status === 'running') return ends
  if (status !== 'pending') return ''
  const place = position === 0 ? '' : `, position ${position}`
  return startsIn === null ? place : `${place}, starts ${spanText(startsIn)}${ends}`
}

const printBuild = (repo: string, build: ApiBuild): void => {
  printWarnings(build)
  const out = process.stdout
  print(
    `${statusMark(build.status, out)} build ${build.number} of ${repo}: ${build.status} ${took(build)}`,
  )
  const facts = [
    ['event', build.event],
    ['commit', build.after],
    ['ref', build.ref],
    ['author', build.author],
    ['message', build.title || build.message],
    ['error', build.error],
    ['approved', build.approvedBy && `by ${build.approvedBy}`],
    ['ended', endOf(build)],
  ]
  for (const [name, value] of facts)
    if (value)
      print(`  ${name?.padEnd(8)} ${value.split('\n').map(cleanText).join('\n           ')}`)
  for (const stage of build.stages) {
    const error = stage.error === '' ? '' : `: ${cleanText(stage.error)}`
    const kept = stage.isKept ? ', kept from an earlier build' : ''
    const machine = stage.machine === '' ? kept : ` on ${cleanText(stage.machine)}${kept}`
    print(
      `  ${statusMark(stage.status, out)} ${stage.number} ${cleanText(stage.name)} ${stage.status}${machine}${error}${outlook(stage)}`,
    )
    for (const cancel of stage.cancels) print(`      ${cancelLine(cancel)}`)
    for (const step of stage.steps) {
      const code = step.exitCode === 0 ? '' : `, exit ${step.exitCode}`
      const time =
        step.stopped > 0 && step.started > 0 ? ` ${duration(step.stopped - step.started)}` : ''
      const why = step.error === '' ? '' : `: ${cleanText(step.error)}`
      print(
        `    ${statusMark(step.status, out)} ${step.number} ${cleanText(step.name)} ${step.status}${code}${time}${why}`,
      )
    }
  }
}

const endOf = ({ endedBy, endReason }: ApiBuild): string =>
  endedBy === '' ? endReason : `${endReason} by ${endedBy}`

const took = (build: ApiBuild): string =>
  build.started > 0 && build.finished > 0 ? duration(build.finished - build.started) : ''
