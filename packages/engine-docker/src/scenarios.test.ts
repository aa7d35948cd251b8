import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Given, scaledTimers, silentLogger } from '@waggle/domain'
import { defaultCompileSettings } from '@waggle/pipeline'
import { describeScenarios, startDocker, type TestDocker, testImages } from '@waggle/testkit'
import { afterAll, beforeAll } from 'vitest'
import { compileDocker } from './compile-docker.ts'
import { createDockerEngine } from './docker-engine.ts'

const given = JSON.parse(
  readFileSync(join(import.meta.dirname, '../testdata/given.json'), 'utf8'),
) as Given
let docker: TestDocker

beforeAll(async () => {
  docker = await startDocker()
  await testImages(docker.socket)
}, 120_000)

afterAll(async () => {
  await docker?.stop()
})

describeScenarios(
  async () =>
    createDockerEngine({
      socketPath: docker.socket,
      log: silentLogger,
      timers: scaledTimers(0.1),
    }),
  {
    type: 'docker',
    compile: (manifest, { installation, stage }) => {
      const compiled = compileDocker(
        {
          ...given,
          installation,
          attempt: 1,
          manifest,
          // Nothing to clone: the step of that name has policy `never`.
          build: { ...given.build, cloneUrl: '' },
          stage: { ...given.stage, id: stage, name: 'default' },
        },
        defaultCompileSettings,
      )
      if (compiled.kind === 'error') throw new Error(compiled.message)
      return compiled.spec
    },
    // Nothing listens there: the pull is tried four times, then it is an internal error.
    unstartable: { image: '127.0.0.1:1/waggle/nowhere:1' },
    // No interface may have a name so long.
    withoutSetup: (spec) => ({
      ...spec,
      network: {
        ...spec.network,
        options: { 'com.docker.network.bridge.name': 'x'.repeat(40) },
      },
    }),
  },
)
