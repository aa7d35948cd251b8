import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BuildJson } from '../harness/client.ts'
import { oneStep, pipelineText } from '../harness/pipeline-text.ts'
import { type System, startSystem } from '../harness/start-system.ts'

const stepsOf = (build: BuildJson, stage = 0): Record<string, string> =>
  Object.fromEntries((build.stages?.[stage]?.steps ?? []).map((step) => [step.name, step.status]))

const textOf = async (system: System, number: number, step: number): Promise<string> =>
  (await system.client.log(number, 1, step)).map((line) => line.out).join('')

describe.each([
  { database: 'sqlite', apis: 1, workers: 2 },
  { database: 'postgres', apis: 2, workers: 2 },
] as const)(
  'point 5: workers run a build on $database with $apis API processes and $workers workers',
  (parts) => {
    let system: System
    let unknownImage: Promise<BuildJson>
    beforeAll(async () => {
      system = await startSystem(parts)
      const step = { name: 'x', image: 'registry.invalid/no/such:1', commands: ['true'] }
      // It is pulled several times, some seconds apart: while the others run.
      unknownImage = system.client.submit(pipelineText([step]))
    })
    afterAll(() => system?.stop())

    const run = async (pipeline: string, more: Record<string, unknown> = {}) => {
      const { number } = await system.client.submit(pipeline, more)
      return system.client.ended(number)
    }

    it('runs steps in order and passes a file from one to the next', async () => {
      const build = await run(
        pipelineText([
          { name: 'write', commands: ['echo one > file'] },
          { name: 'read', commands: ['cat file', 'echo two'] },
        ]),
      )
      expect(build.status).toBe('success')
      expect(stepsOf(build)).toEqual({ write: 'success', read: 'success' })
      expect(await textOf(system, build.number, 2)).toBe('+ cat file\none\n+ echo two\ntwo\n')
      expect(build.stages?.[0]?.machine).toMatch(/^worker-\d/)
    })

    it('shows every API process the same build', async () => {
      const build = await run(oneStep(['true']))
      for (const [index] of system.apis.entries())
        expect((await system.clientOf(index).build(build.number)).status).toBe('success')
    })

    it('runs a graph of steps by depends_on', async () => {
      const build = await run(
        pipelineText([
          // Both run at once, or it waits for ever.
          { name: 'a', commands: ['until [ -e order ]; do sleep 0.1; done', 'echo a >> order'] },
          { name: 'b', commands: ['echo b >> order'] },
          {
            name: 'c',
            commands: ['cat order', 'test "$(cat order | tr -d \'\\n\')" = ba'],
            depends_on: ['a', 'b'],
          },
        ]),
      )
      expect(build.status).toBe('success')
    })

    it('lets a step talk to a service by its name', async () => {
      const build = await run(
        pipelineText(
          [
            {
              name: 'ask',
              commands: [
                'until wget -q -O answer http://web:8080/; do sleep 0.3; done',
                'grep -q served answer',
              ],
            },
          ],
          {
            services: [
              {
                name: 'web',
                image: 'waggle/busybox:1',
                commands: [
                  'mkdir /www',
                  'echo served > /www/index.html',
                  'httpd -f -p 8080 -h /www',
                ],
              },
            ],
          },
        ),
      )
      expect(build.status).toBe('success')
      expect(stepsOf(build)).toEqual({ web: 'success', ask: 'success' })
    })

    it('keeps exit codes, run policies and ignored failures', async () => {
      const build = await run(
        pipelineText([
          { name: 'ignored', commands: ['exit 7'], failure: 'ignore' },
          { name: 'fails', commands: ['exit 3'] },
          { name: 'skipped', commands: ['true'] },
          { name: 'on-failure', commands: ['true'], when: { status: ['failure'] } },
          { name: 'always', commands: ['true'], when: { status: ['success', 'failure'] } },
        ]),
      )
      expect(build.status).toBe('failure')
      expect(stepsOf(build)).toEqual({
        ignored: 'failure',
        fails: 'failure',
        skipped: 'skipped',
        'on-failure': 'success',
        always: 'success',
      })
      expect(build.stages?.[0]?.steps?.map((step) => step.exit_code)).toEqual([7, 3, 0, 0, 0])
    })

    it('skips the rest after exit code 78', async () => {
      const build = await run(
        pipelineText([
          { name: 'stop', commands: ['exit 78'] },
          { name: 'rest', commands: ['true'] },
        ]),
      )
      expect(build.status).toBe('success')
      expect(stepsOf(build)).toEqual({ stop: 'success', rest: 'skipped' })
    })

    it('reports a step that ran out of memory with 137', async () => {
      const build = await run(
        pipelineText([{ name: 'eats', commands: ['tail /dev/zero'], mem_limit: '24mb' }]),
      )
      expect(build.status).toBe('failure')
      expect(build.stages?.[0]?.steps?.[0]?.exit_code).toBe(137)
    })

    it('runs several stages with dependencies', async () => {
      const build = await run(
        [
          oneStep(['true'], { name: 'first' }),
          oneStep(['exit 1'], { name: 'second', depends_on: ['first'] }),
          oneStep(['true'], { name: 'third', depends_on: ['second'] }),
          oneStep(['true'], {
            name: 'tell',
            depends_on: ['third'],
            trigger: { status: ['success', 'failure'] },
          }),
        ].join('---\n'),
      )
      expect(build.status).toBe('failure')
      expect(build.stages?.map((stage) => stage.status)).toEqual([
        'success',
        'failure',
        'skipped',
        'success',
      ])
    })

    it('gives parameters and secrets to steps and masks the secrets', async () => {
      await system.client.submit(oneStep(['true']))
      const slug = '/api/repos/test/app/secrets'
      const name = `password_${parts.database}`
      const made = await system.client.call('POST', slug, { name, data: 'swordfish-123' })
      expect(made.status).toBe(200)
      expect(made.text).not.toContain('swordfish')
      const build = await run(
        pipelineText([
          {
            name: 'use',
            commands: [
              'echo "value is $PASSWORD."',
              'test "$PASSWORD" = swordfish-123',
              'echo "$colour"',
            ],
            environment: { PASSWORD: { from_secret: name } },
          },
        ]),
        { params: { colour: 'green' } },
      )
      expect(build.status).toBe('success')
      const text = await textOf(system, build.number, 1)
      expect(text).toContain('value is ******.')
      expect(text).toContain('green')
      expect(text).not.toContain('swordfish')
    })

    it('cancels a running build: the container is gone, later steps never run', async () => {
      const { number } = await system.client.submit(
        pipelineText([
          { name: 'long', commands: ['echo started', 'sleep 60'] },
          {
            name: 'later',
            commands: [`touch /ledger/later-${parts.database}`],
            when: { status: ['success', 'failure'] },
          },
        ]),
      )
      const { waitUntil } = await import('@waggle/testkit')
      await waitUntil('the step to run', async () => {
        const seen = await system.client.build(number)
        return seen.stages?.[0]?.steps?.[0]?.status === 'running'
      })
      const answer = await system.client.call('DELETE', `/api/repos/test/app/builds/${number}`)
      expect(answer.status).toBe(200)
      expect(answer.json<BuildJson>().status).toBe('killed')
      const build = await system.client.build(number)
      expect(stepsOf(build)).toEqual({ long: 'killed', later: 'skipped' })
      expect(build.stages?.[0]?.steps?.map((step) => step.exit_code)).toEqual([130, 130])
      const again = await system.client.call('DELETE', `/api/repos/test/app/builds/${number}`)
      expect(again.status).toBe(200)
    })

    it('ends an unknown image in error, with the reason', async () => {
      const build = await system.client.ended((await unknownImage).number)
      expect(build.status).toBe('error')
      expect(build.stages?.[0]?.steps?.[0]?.status).toBe('error')
      expect(build.stages?.[0]?.error ?? '').not.toBe('')
    })

    it('never starts a stage that was cancelled while it waited', async () => {
      const text = oneStep([`touch /ledger/never-${parts.database}`], { node: { nobody: 'has' } })
      const { number } = await system.client.submit(text)
      await system.client.call('DELETE', `/api/repos/test/app/builds/${number}`)
      const build = await system.client.build(number)
      expect(build.status).toBe('killed')
      expect(build.stages?.[0]?.status).toBe('skipped')
    })
  },
)
