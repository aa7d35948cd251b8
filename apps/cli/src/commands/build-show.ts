import type { ApiBuild } from '../api-shapes.ts'
import { cleanLine } from '../clean-line.ts'
import type { Client } from '../client.ts'
import { print, printJson, table } from '../print.ts'
import { duration, statusMark } from '../progress/status-mark.ts'
import type { JsonFlags, ListFlags } from './build-commands.ts'

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
    clean(build.target || build.ref),
    took(build),
    clean((build.title || build.message || build.error).split('\n')[0] ?? '').slice(0, 60),
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

export const stopBuild = async (
  client: Client,
  repo: string,
  number: number,
  flags: JsonFlags,
): Promise<void> => {
  const build = await client.stopBuild(repo, number)
  if (flags.json) printJson(build)
  else print(`build ${number} of ${repo}: ${build.status}`)
}

const printBuild = (repo: string, build: ApiBuild): void => {
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
  ]
  for (const [name, value] of facts)
    if (value) print(`  ${name?.padEnd(8)} ${value.split('\n').map(clean).join('\n           ')}`)
  for (const stage of build.stages) {
    const error = stage.error === '' ? '' : `: ${clean(stage.error)}`
    const machine = stage.machine === '' ? '' : ` on ${clean(stage.machine)}`
    print(
      `  ${statusMark(stage.status, out)} ${stage.number} ${clean(stage.name)} ${stage.status}${machine}${error}`,
    )
    for (const step of stage.steps) {
      const code = step.exitCode === 0 ? '' : `, exit ${step.exitCode}`
      const time =
        step.stopped > 0 && step.started > 0 ? ` ${duration(step.stopped - step.started)}` : ''
      const why = step.error === '' ? '' : `: ${clean(step.error)}`
      print(
        `    ${statusMark(step.status, out)} ${step.number} ${clean(step.name)} ${step.status}${code}${time}${why}`,
      )
    }
  }
}

const took = (build: ApiBuild): string =>
  build.started > 0 && build.finished > 0 ? duration(build.finished - build.started) : ''

const clean = (text: string): string => cleanLine(text).join(' ')
