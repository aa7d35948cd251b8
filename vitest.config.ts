import { defineConfig } from 'vitest/config'
import { MixedOrder } from './test/order/mixed-order.ts'

const project = (
  name: string,
  include: readonly string[],
  timeouts: readonly [number, number],
  execArgv: readonly string[] = [],
) => ({
  test: {
    name,
    include: [...include],
    execArgv: [...execArgv],
    testTimeout: timeouts[0],
    hookTimeout: timeouts[1],
  },
})

/** Suites of whole systems: real processes. */
const system = (name: string) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: 240_000,
    hookTimeout: 300_000,
  },
})

export default defineConfig({
  test: {
    // One more than the processors it is made for: some file always waits.
    maxWorkers: 3,
    sequence: { sequencer: MixedOrder },
    projects: [
      project('packages', ['packages/*/src/**/*.test.ts'], [90_000, 120_000]),
      project('apps', ['apps/*/src/**/*.test.ts'], [90_000, 120_000]),
      project(
        'architecture',
        ['test/architecture/**/*.test.ts', 'test/docs/**/*.test.ts'],
        [60_000, 60_000],
      ),
      project('fuzz', ['test/fuzz/**/*.test.ts'], [120_000, 60_000]),
      // Very many short-lived objects: a twentieth less of its time with more room for them.
      project(
        'model',
        ['test/model/**/*.test.ts'],
        [600_000, 120_000],
        ['--max-semi-space-size=64'],
      ),
      project('races', ['test/races/**/*.test.ts'], [600_000, 120_000]),
      project(
        'integration',
        ['test/integration/**/*.test.ts', 'test/golden/**/*.test.ts'],
        [120_000, 120_000],
      ),
      { test: { ...system('examples').test, testTimeout: 90_000 } },
      system('e2e'),
      system('fault'),
    ],
  },
})
