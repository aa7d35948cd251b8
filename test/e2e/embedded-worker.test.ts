import { readFileSync } from 'node:fs'
import { waitUntil } from '@waggle/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { oneStep } from '../harness/pipeline-text.ts'
import { type System, startSystem } from '../harness/start-system.ts'

describe('an API that runs a worker itself', () => {
  let system: System | undefined
  afterEach(async () => {
    await system?.stop()
    system = undefined
  })

  const start = async (api: Readonly<Record<string, string>> = {}, timeScale = 0.1) => {
    system = await startSystem({
      database: 'sqlite',
      workers: 0,
      timeScale,
      api: {
        WAGGLE_WORKER_SECRET: '',
        WAGGLE_API_WORKER_SLOTS: '2',
        WAGGLE_WORKER_TYPE: 'exec',
        ...api,
      },
    })
    const [first] = system.apis
    if (!first) throw new Error('no API was started')
    return { ...system, api: first }
  }
  const workers = (text: string) => [...text.matchAll(/worker ready/g)].length
  const running = async (number: number) => {
    await waitUntil('the step to run', async () => {
      const build = await system?.client.build(number)
      return build?.stages?.[0]?.steps?.[0]?.status === 'running'
    })
  }

  it('builds without any other process, and ends it with its own end', async () => {
    const { api, client } = await start()
    const { number } = await client.submit(oneStep(['sleep 2', 'echo done'], { type: 'exec' }))
    await running(number)
    const [child] = childrenOf(api.pid())
    // What only the API may know is not handed on.
    const environment = readFileSync(`/proc/${child}/environ`, 'utf8')
    expect(environment).not.toContain('WAGGLE_SECRET_KEY=')
    expect(environment).not.toContain('WAGGLE_ADMIN_TOKEN=')
    await api.stop()
    expect(isAlive(child)).toBe(false)
    await api.start()
    expect((await client.build(number)).status).toBe('success')
  })

  it('starts it again under the same identity when it is killed', async () => {
    const { api, client } = await start()
    await waitUntil('the worker', () => workers(api.log()) === 1)
    process.kill(childrenOf(api.pid())[0] ?? Number.NaN, 'SIGKILL')
    await waitUntil('the next worker', () => workers(api.log()) === 2)
    const { number } = await client.submit(oneStep(['true'], { type: 'exec' }))
    expect((await client.ended(number)).status).toBe('success')
    expect((await client.call('GET', '/api/workers')).json()).toHaveLength(1)
  })

  it('is killed while a step runs: its worker sees the step to its end and then ends', async () => {
    // Unscaled: the API has to be back before its worker gives up.
    const { api, client } = await start({}, 1)
    const { number } = await client.submit(oneStep(['sleep 4', 'echo done'], { type: 'exec' }))
    await running(number)
    const [child] = childrenOf(api.pid())
    await api.kill()
    await api.start()
    expect((await client.ended(number)).status).toBe('success')
    await waitUntil('the orphan to end', () => !isAlive(child))
    const next = await client.submit(oneStep(['true'], { type: 'exec' }))
    expect((await client.ended(next.number)).status).toBe('success')
  })

  it('is killed and stays away: its worker ends what it runs, and itself', async () => {
    const { api, client } = await start()
    const { number } = await client.submit(oneStep(['sleep 300'], { type: 'exec' }))
    await running(number)
    const [child] = childrenOf(api.pid())
    const steps = childrenOf(child ?? -1)
    await api.kill()
    await waitUntil('the orphan to end', () => !isAlive(child), 60_000)
    for (const step of steps) expect(isAlive(step)).toBe(false)
  })

  it('leaves the work to others where a secret lets them in, and says so', async () => {
    const { api } = await start({ WAGGLE_WORKER_SECRET: 'of-the-others' })
    expect(api.log()).toContain('no embedded worker: others are let in')
    expect(childrenOf(api.pid())).toEqual([])
  })

  it('runs beside others where remote workers are called disabled, with the usual slots', async () => {
    const { api, client } = await start({
      WAGGLE_WORKER_SECRET: '',
      WAGGLE_API_WORKER_SLOTS: '',
      DRONE_RPC_SECRET: 'of-the-others',
      DRONE_AGENTS_DISABLED: 'true',
      DRONE_RUNNER_CAPACITY: '3',
    })
    await waitUntil('the worker', () => workers(api.log()) === 1)
    const [worker] = (await client.call('GET', '/api/workers')).json<{ slots: number }[]>()
    expect(worker?.slots).toBe(3)
  })
})

const childrenOf = (pid: number): readonly number[] => {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return text.split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

const isAlive = (pid: number | undefined): boolean => {
  try {
    // A zombie has ended.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
