import { silentLogger } from '@waggle/domain'
import {
  describeEngine,
  dockerStage,
  startDocker,
  type TestDocker,
  testImages,
} from '@waggle/testkit'
import { afterAll, beforeAll } from 'vitest'
import { createDockerEngine } from './docker-engine.ts'

let docker: TestDocker

beforeAll(async () => {
  docker = await startDocker()
  await testImages(docker.socket)
}, 120_000)

afterAll(async () => {
  await docker?.stop()
})

describeEngine(
  'docker',
  () => Promise.resolve(createDockerEngine({ socketPath: docker.socket, log: silentLogger })),
  {
    makeStage: (steps, more) => dockerStage(steps, more),
    unstartable: { entrypoint: ['/no/such/program'], command: [] },
  },
)
