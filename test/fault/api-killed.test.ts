import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { witnessed, witnessOf } from '../harness/ledger.ts'
import { pipelineText } from '../harness/pipeline-text.ts'
import { type System, startSystem } from '../harness/start-system.ts'

describe.each(['sqlite', 'postgres'] as const)(
  'an API process on %s that is killed',
  (database) => {
    let system: System
    beforeAll(async () => {
      system = await startSystem({ database, workers: 1, timeScale: 0.1 })
    })
    afterAll(() => system?.stop())

    const text = (file: string, seconds = 0) =>
      pipelineText([{ name: 'one', commands: witnessed(file, seconds) }])

    const api = () => {
      const first = system.apis[0]
      if (first === undefined) throw new Error('no API process')
      return first
    }

    it('between commit and offer: the build is there and runs once', async () => {
      const before = await system.client.submit(text('commit'))
      await system.client.ended(before.number)
      await api().kill()
      await api().start({ WAGGLE_FAILPOINTS: 'hook.committed=kill' })
      await expect(system.client.submit(text('commit'))).rejects.toThrow()
      await api().exited()
      await api().start({ WAGGLE_FAILPOINTS: '' })
      const build = await system.client.ended(before.number + 1)
      expect(build.status).toBe('success')
      expect(witnessOf(system, 'commit').started).toEqual({
        [`${before.number} default one`]: 1,
        [`${build.number} default one`]: 1,
      })
    })

    it('after an accept was committed, before its answer: the worker asks again and has the stage', async () => {
      await api().kill()
      await api().start({ WAGGLE_FAILPOINTS: 'accept.committed=kill' })
      // A worker may be quicker than the answer, so that the API dies before it tells the number.
      await system.client.submit(text('accept')).catch(() => undefined)
      await api().exited()
      await api().start({ WAGGLE_FAILPOINTS: '' })
      const answer = await system.client.call('GET', '/api/repos/test/app/builds?per_page=1')
      const number = answer.json<{ number: number }[]>()[0]?.number ?? 0
      expect((await system.client.ended(number)).status).toBe('success')
      expect(witnessOf(system, 'accept').started).toEqual({ [`${number} default one`]: 1 })
    })

    it('while a stage runs: the step goes on, its lines and its end arrive', async () => {
      const { number } = await system.client.submit(
        pipelineText([
          { name: 'one', commands: ['for i in $(seq 1 30); do echo "line $i"; sleep 0.1; done'] },
          { name: 'two', commands: witnessed('running', 0) },
        ]),
      )
      await waitUntil('the step to run', async () => {
        const seen = await system.client.build(number)
        return seen.stages?.[0]?.steps?.[0]?.status === 'running'
      })
      await api().kill()
      await new Promise((resolve) => setTimeout(resolve, 2_000))
      await api().start()
      const build = await system.client.ended(number)
      expect(build.status).toBe('success')
      const lines = (await system.client.log(number, 1, 1)).map((line) => line.out)
      expect(lines.slice(1)).toEqual(Array.from({ length: 30 }, (_, i) => `line ${i + 1}\n`))
    })
  },
)
