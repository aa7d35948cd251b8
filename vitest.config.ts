import { defineConfig } from 'vitest/config'

const unit = ['packages', 'apps'].map((folder) => ({
  test: {
    name: folder,
    include: [`${folder}/*/src/**/*.test.ts`],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
}))

/** Suites of the whole system: real processes, one file at a time, so that they do not steal each other's cores. */
const system = ['e2e', 'fault'].map((name) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: 120_000,
    hookTimeout: 240_000,
    fileParallelism: false,
  },
}))

export default defineConfig({
  test: {
    projects: [
      ...unit,
      {
        test: {
          name: 'architecture',
          include: ['test/architecture/**/*.test.ts', 'test/docs/**/*.test.ts'],
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      ...system,
    ],
  },
})
