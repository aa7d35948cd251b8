import { Buffer } from 'node:buffer'
import { randomInt } from 'node:crypto'
import {
  type AttemptRef,
  type Engine,
  isWaggleError,
  type Spec,
  type SpecStep,
} from '@waggle/domain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CaseRun, runCase } from './run-case.ts'

/** A step of a case: a POSIX shell script, run in a folder that the stage's steps share. */
export interface EngineCaseStep extends Partial<SpecStep> {
  readonly name: string
  readonly script: string
}

/** What the suite has to know of an engine. */
export interface EngineCases {
  /** A spec for attempt 1 of the stage, as the engine's compile would make it. */
  makeStage(
    steps: readonly EngineCaseStep[],
    more: { readonly installation: string; readonly stage: number },
  ): Spec
  /** Laid over a step, makes it one that cannot be started. */
  readonly unstartable: Partial<SpecStep>
}

/** What every engine promises (the port's docstrings, pipeline.md §13, reliability.md B.5, B.8, B.10). */
export const describeEngine = (
  name: string,
  open: () => Promise<Engine>,
  cases: EngineCases,
): void => {
  describe(`engine ${name}`, () => {
    const installation = `t${randomInt(2 ** 40).toString(36)}`
    let engine: Engine
    let stage = 0

    beforeAll(async () => {
      engine = await open()
    }, 120_000)

    afterAll(async () => {
      await engine?.close()
    })

    /** Works in a stage that is set up, and leaves nothing of it. */
    const inStage = async <T>(
      steps: readonly EngineCaseStep[],
      work: (spec: Spec, ref: AttemptRef) => Promise<T>,
    ): Promise<T> => {
      const ref = { stageId: ++stage, attempt: 1 }
      const spec = cases.makeStage(steps, { installation, stage: ref.stageId })
      await engine.setup(spec)
      try {
        return await work(spec, ref)
      } finally {
        await engine.destroy(spec)
      }
    }

    const runOne = (script: string, more: Partial<SpecStep> = {}): Promise<CaseRun> =>
      inStage([{ name: 'one', ...more, script }], (spec) => runCase(engine, spec, 'one'))

    it('answers a ping', async () => {
      await engine.ping()
    })

    describe('a step', () => {
      it('passes with its output, and says when it started', async () => {
        let started = 0
        await inStage([{ name: 'one', script: 'echo hello; echo there' }], async (spec) => {
          const ran = await runCase(engine, spec, 'one', { onStarted: () => started++ })
          expect(ran).toMatchObject({ code: 0, isOutOfMemory: false, text: 'hello\nthere\n' })
        })
        expect(started).toBe(1)
      })

      it('fails with its exit code', async () => {
        expect((await runOne('exit 3')).code).toBe(3)
        expect((await runOne('exit 78')).code).toBe(78)
      })

      it('gives both of its streams', async () => {
        const ran = await runOne('echo out; echo err >&2')
        expect(ran.text.trim().split('\n').sort()).toEqual(['err', 'out'])
      })

      it('gives bytes as they are, also without a last line feed', async () => {
        const ran = await runOne(String.raw`printf 'a\000\377\376\r\nb\033[0m'`)
        expect(ran.bytes).toEqual(Buffer.from('6100fffe0d0a621b5b306d', 'hex'))
      })

      it('gives all of its lines although it exits at once', async () => {
        const script = 'i=0; while [ $i -lt 200 ]; do echo line $i; i=$((i+1)); done'
        const expected = Array.from({ length: 200 }, (_, i) => `line ${i}\n`).join('')
        for (let i = 0; i < 5; i++) expect((await runOne(script)).text).toBe(expected)
      })

      it('gives its lines while it runs', async () => {
        const steps = [{ name: 'one', script: 'echo first; while [ ! -e go ]; do sleep 0.1; done' }]
        await inStage([...steps, { name: 'two', script: 'touch go' }], async (spec) => {
          const seen = Promise.withResolvers<void>()
          const running = runCase(engine, spec, 'one', {
            onOutput: (text) => text.includes('first') && seen.resolve(),
          })
          await Promise.race([seen.promise, running])
          await runCase(engine, spec, 'two')
          expect((await running).text).toBe('first\n')
        })
      })

      it('waits for a slow reader, and loses nothing by it', async () => {
        const steps = [{ name: 'one', script: 'yes 0123456789abcde | head -n 200000' }]
        await inStage(steps, async (spec) => {
          let bytes = 0
          let open = 0
          let most = 0
          await runCase(engine, spec, 'one', {
            output: {
              write: async (chunk) => {
                most = Math.max(most, ++open)
                bytes += chunk.length
                await new Promise(setImmediate)
                open--
              },
            },
          })
          expect({ bytes, most }).toEqual({ bytes: 3_200_000, most: 1 })
        })
      })

      it('has the environment of the spec, the fresh values over it, the secrets over all', async () => {
        const step = {
          name: 'one',
          script:
            'echo "[$PLAIN][$FRESH][$TOKEN][$(printenv EMPTY && echo set)][$(printenv WAGGLE_TEST_HOST_ONLY)]"',
          environment: { PLAIN: 'plain value', FRESH: 'old', TOKEN: 'literal' },
          secrets: [
            { name: 'token', env: 'TOKEN', value: 'se$cret' },
            { name: 'none', env: 'EMPTY', value: '' },
            { name: 'masked only', env: '', value: 'x' },
          ],
        }
        process.env['WAGGLE_TEST_HOST_ONLY'] = 'host'
        try {
          await inStage([step], async (spec) => {
            const ran = await runCase(engine, spec, 'one', { environment: { FRESH: 'new' } })
            expect(ran.text).toBe('[plain value][new][se$cret][\nset][]\n')
          })
        } finally {
          delete process.env['WAGGLE_TEST_HOST_ONLY']
        }
      })

      it('that cannot be started throws what the user can read', async () => {
        const error = await runOne('echo never', cases.unstartable).catch(
          (thrown: unknown) => thrown,
        )
        expect(isWaggleError(error)).toBe(true)
      })
    })

    describe('the steps of a stage', () => {
      it('share their files', async () => {
        const steps = [
          { name: 'one', script: 'mkdir -p deep/er && echo kept > deep/er/file' },
          { name: 'two', script: 'cat deep/er/file' },
        ]
        await inStage(steps, async (spec) => {
          await runCase(engine, spec, 'one')
          expect((await runCase(engine, spec, 'two')).text).toBe('kept\n')
        })
      })

      it('run side by side', async () => {
        const waitFor = (file: string) => `while [ ! -e ${file} ]; do sleep 0.05; done`
        const steps = [
          { name: 'one', script: `touch one; ${waitFor('two')}; echo met` },
          { name: 'two', script: `touch two; ${waitFor('one')}; echo met` },
        ]
        await inStage(steps, async (spec) => {
          const ran = await Promise.all([
            runCase(engine, spec, 'one'),
            runCase(engine, spec, 'two'),
          ])
          expect(ran.map((one) => one.text)).toEqual(['met\n', 'met\n'])
        })
      })
    })

    describe('a kill', () => {
      /** Runs the script, kills it once it printed `ready`. */
      const killOne = (script: string, killGraceMs: number): Promise<CaseRun> =>
        inStage([{ name: 'one', script }], async (spec) => {
          const kill = new AbortController()
          return runCase(engine, spec, 'one', {
            killGraceMs,
            signal: kill.signal,
            onOutput: (text) => text.includes('ready') && kill.abort(),
          })
        })

      it('lets a step that heeds SIGTERM end by itself', async () => {
        const script = `trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 0.1; done`
        const ran = await killOne(script, 20_000)
        expect(ran.code).toBe(9)
        expect(ran.text.endsWith('bye\n')).toBe(true)
      })

      it('ends a step that ignores SIGTERM after the grace', async () => {
        const ran = await killOne(`trap '' TERM; echo ready; while :; do sleep 0.1; done`, 300)
        expect(ran).toMatchObject({ code: 137, text: 'ready\n' })
      })

      it('without a grace ends a step at once', async () => {
        const ran = await killOne(`trap 'exit 9' TERM; echo ready; sleep 600`, 0)
        expect(ran.text).toBe('ready\n')
        expect([9, 137, 143]).toContain(ran.code)
      })

      it('ends what the step started', async () => {
        const ran = await killOne('sleep 600 & echo ready; sleep 600', 300)
        expect(ran.code).toBeGreaterThan(128)
      })
    })

    describe('set-up and clean-up', () => {
      it('may be repeated', async () => {
        await inStage([{ name: 'one', script: 'echo fine' }], async (spec) => {
          await engine.setup(spec)
          expect((await runCase(engine, spec, 'one')).text).toBe('fine\n')
          await engine.destroy(spec)
          await engine.destroy(spec)
        })
      })

      it('clean up what was never set up', async () => {
        const steps = [{ name: 'one', script: 'true' }]
        await engine.destroy(cases.makeStage(steps, { installation, stage: ++stage }))
      })

      it('end a step that still runs', async () => {
        const steps = [{ name: 'one', script: 'echo ready; sleep 600', detach: true }]
        await inStage(steps, async (spec) => {
          const ready = Promise.withResolvers<void>()
          const running = runCase(engine, spec, 'one', {
            onOutput: (text) => text.includes('ready') && ready.resolve(),
          })
          await Promise.race([ready.promise, running])
          await engine.destroy(spec)
          // Whether its end is told or it is said to be gone: the call ends.
          await running.catch(() => undefined)
        })
      })

      it('tell what an attempt left, and remove it by its number alone', async () => {
        const steps = [{ name: 'one', script: 'echo left > behind' }]
        await inStage(steps, async (spec, ref) => {
          await runCase(engine, spec, 'one')
          expect(await engine.leftovers(installation)).toEqual([ref])
          expect(await engine.leftovers(`${installation}x`)).toEqual([])
          await engine.remove(installation, { ...ref, attempt: 2 })
          expect(await engine.leftovers(installation)).toEqual([ref])
          await engine.remove(installation, ref)
          expect(await engine.leftovers(installation)).toEqual([])
          await engine.remove(installation, ref)
        })
      })

      it('leave nothing', async () => {
        expect(await engine.leftovers(installation)).toEqual([])
      })
    })
  })
}
