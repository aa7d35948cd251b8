import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { startDocker, testImages } from '@waggle/testkit'
import { leftOut } from './left-out.ts'
import { bringParts, engineMarks, type MissingPart } from './needed-parts.ts'
import type { TestSummary } from './summary-reporter.ts'

/** `waggle test`: brings what the tests need, runs every check and every suite, and closes with one plain line. */
const root = resolve(import.meta.dirname, '..')

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', short: 'h' },
    project: { type: 'string', multiple: true },
    'skip-check': { type: 'boolean' },
    runs: { type: 'string' },
  },
})

const say = (text: string) => process.stdout.write(`${text}\n`)

if (values.help) {
  say(`Usage: waggle test [--project NAME]... [--skip-check] [--runs N] [FILE]...

Installs what the tests need (redis-server, PostgreSQL, git, a container engine) where it is missing and
the machine allows it, then runs type check, lint, layer rules and all suites.

  --project NAME  only these suites: packages, apps, architecture, fuzz, model, races, integration,
                  examples, e2e, fault
  --skip-check    no type check and no lint
  --runs N        inputs of each fuzz and property test (default: a CI-sized slice)

Example: waggle test --project packages packages/pipeline`)
  process.exit(0)
}

const bin = (name: string) => join(root, 'node_modules/.bin', name)
const notes: string[] = []
let passed = 0
let failed = 0

/** Whether vitest would run the file: by its project, and by a part of its path. */
const isAsked = (file: string): boolean => {
  const folder = (name: string) => (['packages', 'apps'].includes(name) ? name : `test/${name}`)
  const folders = (values.project ?? ['']).map((name) => (name === '' ? '' : `${folder(name)}/`))
  return (
    folders.some((start) => file.startsWith(start)) &&
    (positionals.length === 0 || positionals.some((part) => join(root, file).includes(part)))
  )
}

const check = (name: string, command: string, args: readonly string[]): void => {
  const started = performance.now()
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  if (status === 0) passed++
  else failed++
  say(`${status === 0 ? '✓' : '✗'} ${name} (${seconds} s)`)
}

const missing: MissingPart[] = [...bringParts(say)]

if (!values['skip-check']) {
  check('type check', bin('tsc'), [])
  check('biome: form, imports, cycles', bin('biome'), ['ci', '--log-level=error', '.'])
  check('oxlint: promises, switches', bin('oxlint'), ['--deny-warnings', '--quiet'])
  check('knip: dead code', bin('knip'), ['--no-progress'])
}

/** With the images of the tests: a suite of whole systems may be the first to run. */
const startEngine = async () => {
  const engine = await startDocker()
  try {
    await testImages(engine.socket)
  } catch (error) {
    await engine.stop()
    throw error
  }
  return engine
}

const docker = await startEngine().catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error)
  missing.push({ reason, marks: engineMarks })
  return null
})
const cannotRun = leftOut(root, missing).filter(({ file }) => isAsked(file))
for (const { reason } of missing) notes.push(reason)
for (const { file, reason } of cannotRun) notes.push(`${file}: ${reason.split(';')[0]}`)

const folder = mkdtempSync(join(tmpdir(), 'waggle-summary-'))
const summaryPath = join(folder, 'summary.json')
const started = performance.now()
const { status } = spawnSync(
  bin('vitest'),
  [
    'run',
    '--reporter=default',
    `--reporter=${join(root, 'test/summary-reporter.ts')}`,
    ...(values.project ?? []).flatMap((name) => ['--project', name]),
    ...cannotRun.flatMap(({ file }) => ['--exclude', file]),
    // Where nothing of what was asked for can run, that is said below.
    ...(cannotRun.length > 0 ? ['--passWithNoTests'] : []),
    ...positionals,
  ],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      WAGGLE_TEST_SUMMARY: summaryPath,
      ...(docker ? { WAGGLE_TEST_DOCKER_SOCKET: docker.socket } : {}),
      ...(values.runs === undefined ? {} : { WAGGLE_TEST_RUNS: values.runs }),
    },
  },
)
await docker?.stop()

try {
  const summary = JSON.parse(readFileSync(summaryPath, 'utf8')) as TestSummary
  passed += summary.passed
  failed += summary.failed
  notes.push(...summary.skipped)
  // A run may fail without a failing test: an unhandled rejection, a suite that did not load.
  if (status !== 0 && summary.failed === 0) failed++
} catch {
  failed++
}
rmSync(folder, { recursive: true, force: true })

say(`suites took ${((performance.now() - started) / 1000).toFixed(0)} s`)
if (notes.length > 0) say(`\nDid not run:\n${notes.map((note) => `  ${note}`).join('\n')}\n`)
say(`${passed} passed, ${failed} failed, ${notes.length} skipped`)
process.exit(failed === 0 ? 0 : 1)
