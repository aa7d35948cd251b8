import { readSettings, workerSettings } from '@waggle/config'
import { scaledTimers, silentLogger } from '@waggle/domain'
import { dockerStage, runNamed, startDocker, testImages } from '@waggle/testkit'
import { expect, it } from 'vitest'
import { openEngine } from './open-engine.ts'

// The second is its place in the first version of control groups.
const folder = '/sys/fs/cgroup'
const readLimit = `cat ${folder}/pids.max 2>/dev/null || cat ${folder}/pids/pids.max`

it("gives the engine the worker's subnets and its limit of processes", async () => {
  const docker = await startDocker()
  try {
    await testImages(docker.socket)
    const settings = readSettings(workerSettings, {
      WAGGLE_WORKER_SECRET: 's',
      WAGGLE_DOCKER_SOCKET: docker.socket,
      WAGGLE_DOCKER_SUBNETS: '10.214.32.0/20:28',
      WAGGLE_PIDS_LIMIT: '77',
    })
    const { engine } = await openEngine(settings, '/nowhere', {
      timers: scaledTimers(0.1),
      log: silentLogger,
    })
    const spec = dockerStage([{ name: 'one', script: `hostname -i; ${readLimit}` }])
    try {
      await engine.setup(spec)
      const ran = await runNamed(engine, spec, 'one')
      const [address = '', limit] = ran.text.trim().split('\n')
      expect(address).toMatch(/^10\.214\.(3[2-9]|4[0-7])\.\d+$/)
      expect(limit).toBe('77')
    } finally {
      await engine.destroy(spec)
      await engine.close()
    }
  } finally {
    await docker.stop()
  }
}, 120_000)
