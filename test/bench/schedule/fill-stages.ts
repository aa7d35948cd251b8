import { type ControlDeps, submitBuild } from '@waggle/control'
import { makeHook, type Repo } from '@waggle/domain'
import { plainRepo } from '../../harness/plain-repo.ts'
import type { BenchControl } from './bench-control.ts'
import type { BenchDatabase } from './bench-database.ts'

export const partitionCount = 1_000
const perBuild = 10

/** The label by which the stages of one partition are told from those of others. */
export const groupOf = (partition: number): string => `g${partition}`

/** One pending stage in each of 1,000 partitions, submitted as builds of 10 stages to 100 repositories. */
export const submitFirst = async ({ deps }: BenchControl): Promise<void> => {
  for (let first = 0; first < partitionCount; first += perBuild)
    await submitTo(deps, await deps.database.repos.create(plainRepo('bench', first)), first)
}

/** One more build of 10 stages to each of the first `count` repositories. */
export const submitAgain = async ({ deps }: BenchControl, count: number): Promise<void> => {
  for (let i = 0; i < count; i++) {
    const repo = await deps.database.repos.findBySlug(`bench/app${i * perBuild}`)
    if (!repo) throw new Error('a repository is missing')
    await submitTo(deps, repo, i * perBuild)
  }
}

const submitTo = async (deps: ControlDeps, repo: Repo, first: number): Promise<void> => {
  const text = Array.from({ length: perBuild }, (_, i) =>
    JSON.stringify({
      kind: 'pipeline',
      type: 'docker',
      name: `stage-${i}`,
      node: { group: groupOf(first + i) },
      steps: [{ name: 'only', image: 'busybox', commands: ['true'] }],
    }),
  ).join('\n---\n')
  const hook = makeHook({ trigger: 'bench', event: 'push', ref: 'refs/heads/main' })
  const result = await submitBuild(deps, {
    ...{ repo, hook, cloneUrl: '', resolve: false },
    manifest: { text },
  })
  if (result.kind !== 'built') throw new Error(`not built: ${result.kind}`)
}

// Far above what the first builds and stages have.
const step = 10_000

/** Copies of all that was submitted, `from` to `to` of them, by bulk statements: the columns are the database's own, so
 *  that a new one is copied too. What tells copies apart is their id, number and place in line. */
export const copyStages = (
  { kind, run, columns }: BenchDatabase,
  from: number,
  to: number,
): void => {
  if (to < from) return
  const copies =
    kind === 'postgres'
      ? `generate_series(${from}, ${to}) as copy(n)`
      : `(with recursive copy(n) as (select ${from} union all select n + 1 from copy where n < ${to}) select n from copy) as copy`
  const copy = (table: string, changed: Readonly<Record<string, string>>, where: string) => {
    const names = columns(table)
    const list = names.map((name) => `"${name}"`).join(', ')
    const values = names.map((name) => changed[name] ?? `t."${name}"`).join(', ')
    run(
      `insert into ${table} (${list}) select ${values} from ${table} t, ${copies} where ${where} order by copy.n`,
    )
  }
  const moved = (name: string) => `t."${name}" + copy.n * ${step}`
  const counted = (name: string) => `t."${name}" + copy.n`
  copy('builds', { id: moved('id'), number: counted('number') }, `t.id < ${step}`)
  copy('manifests', { build_id: moved('build_id') }, `t.build_id < ${step}`)
  copy(
    'stages',
    {
      id: moved('id'),
      build_id: moved('build_id'),
      start_tag: counted('start_tag'),
      queue_number: counted('queue_number'),
      ...fresh,
    },
    `t.id < ${step}`,
  )
  run('update repos set counter = (select max(number) from builds where repo_id = repos.id)')
  run(`update order_flows set finish = finish + ${to - from + 1}`)
}

/** As if nobody had accepted them yet. */
const fresh = {
  status: `'pending'`,
  machine: `''`,
  attempt: '0',
  is_held: 'false',
  stopped_at: '0',
  version: '1',
}

/** Ends what was accepted, or all; what a worker would have told is not measured here. */
export const endStages = ({ run }: BenchDatabase, which: 'accepted' | 'all'): void => {
  const condition = which === 'accepted' ? 'is_held = true' : `status = 'pending'`
  run(
    `update stages set status = 'success', is_held = false, started_at = 1, stopped_at = 60001 where status = 'pending' and ${condition}`,
  )
  run(`update attempts set state = 'ended', "end" = 'finished' where state <> 'ended'`)
}

/** What a database does by itself in time: PostgreSQL makes the statistics that its plans need, SQLite moves its log
 *  into its file (it is never told to make statistics). */
export const settleDatabase = ({ kind, run }: BenchDatabase): void =>
  run(kind === 'postgres' ? 'vacuum analyze' : 'pragma wal_checkpoint(truncate)')
