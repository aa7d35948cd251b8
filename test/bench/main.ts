import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { startDocker, testImages } from '@waggle/testkit'
import { type Figure, isReached, type MeasureOptions, table } from './figures.ts'
import { measureDispatch } from './measure-dispatch.ts'
import { measureLanguage } from './measure-language.ts'
import { measureLines } from './measure-lines.ts'
import { measureMemory } from './measure-memory.ts'
import { measureSchedule } from './measure-schedule.ts'
import { measureStages } from './measure-stages.ts'
import { measureStep } from './measure-step.ts'

/** `waggle bench`: figures of this machine, each beside what it should reach; ratios where a floor can be measured. */
const measures = {
  dispatch: measureDispatch,
  stages: measureStages,
  step: measureStep,
  lines: measureLines,
  memory: measureMemory,
  language: measureLanguage,
  schedule: measureSchedule,
} as const

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', short: 'h' },
    only: { type: 'string', multiple: true },
    json: { type: 'string' },
    quick: { type: 'boolean' },
    pending: { type: 'string' },
    database: { type: 'string' },
  },
})

if (values.help) {
  process.stdout.write(`Usage: waggle bench [NAME]... [--quick] [--json FILE]

Measures on real parts: Redis, SQLite, PostgreSQL, the container engine.

  NAME         ${Object.keys(measures).join(', ')}; also as --only NAME
  --quick      fewer rounds
  --json FILE  also write the figures as JSON
  --pending N  schedule: stages that wait, a multiple of 1,000 (1,000,000 on PostgreSQL, 100,000 on SQLite)
  --database D schedule: postgres or sqlite alone

Example: waggle bench dispatch --quick
`)
  process.exit(0)
}

const named = [...(values.only ?? []), ...positionals]
const wanted = named.length > 0 ? named : Object.keys(measures)
const unknown = wanted.filter((name) => !Object.hasOwn(measures, name))
if (unknown.length > 0) {
  process.stderr.write(`waggle bench: no measure called ${unknown.join(', ')}\n`)
  process.exit(2)
}

const options = parseOptions()
// These are measured without a container engine.
const engineless = ['language', 'schedule']
const docker = wanted.some((name) => !engineless.includes(name)) ? await startDocker() : null
if (docker) {
  process.env['WAGGLE_TEST_DOCKER_SOCKET'] = docker.socket
  await testImages(docker.socket)
}

const figures: Figure[] = []
for (const [name, measure] of Object.entries(measures)) {
  if (!wanted.includes(name)) continue
  process.stderr.write(`measuring ${name}\n`)
  figures.push(...(await measure(values.quick ?? false, options)))
}
await docker?.stop()

const report = { cores: availableParallelism(), node: process.version, figures }
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
process.stdout.write(`${table(figures)}\n`)
process.exit(figures.every(isReached) ? 0 : 1)

function parseOptions(): MeasureOptions {
  const { pending, database } = values
  const count = pending === undefined ? undefined : Number(pending)
  const isCount = count === undefined || (count >= 2_000 && count % 1_000 === 0)
  const isDatabase = database === undefined || database === 'postgres' || database === 'sqlite'
  if (isCount && isDatabase)
    return { ...(count && { pending: count }), ...(database && { database }) }
  process.stderr.write(
    'waggle bench: --pending is a multiple of 1,000 from 2,000 on, --database postgres or sqlite\n',
  )
  process.exit(2)
}
