import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

/** `npm run fuzz -- --runs 1000000`: the fuzz suite with as many inputs as one has time for. */
const { values } = parseArgs({ options: { runs: { type: 'string' }, seed: { type: 'string' } } })

const root = resolve(import.meta.dirname, '../..')
const { status } = spawnSync(
  process.execPath,
  [resolve(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'fuzz'],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      ...(values.runs === undefined ? {} : { WAGGLE_TEST_RUNS: values.runs }),
      ...(values.seed === undefined ? {} : { WAGGLE_TEST_SEED: values.seed }),
    },
  },
)
process.exitCode = status ?? 1
