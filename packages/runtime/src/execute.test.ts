import {
  conflict,
  type LogFields,
  type Logger,
  type SpecStep,
  silentLogger,
  systemClock,
  unavailable,
} from '@waggle/domain'
import { FakeEngine, type FakeStep, MemorySink, makeSpec, RecordingReporter } from '@waggle/testkit'
import { describe, expect, it } from 'vitest'
import { execute } from './execute.ts'
import type { ExecuteDeps, ExecuteResult } from './execute-deps.ts'
import { MaskSet } from './mask-set.ts'
import { runSpec } from './run-spec.ts'
import { StepLog } from './step-output.ts'

type Step = Partial<SpecStep> & { readonly name: string } & FakeStep

interface Setup {
  readonly masks?: readonly string[]
  readonly isParallel?: boolean
  readonly deps?: Partial<ExecuteDeps>
}

/** A stage of these steps on a fake engine, serial after `clone` unless told otherwise. */
const prepare = (steps: readonly Step[], { masks = [], isParallel = false, deps }: Setup = {}) => {
  const engine = new FakeEngine(Object.fromEntries(steps.map((step) => [step.name, step])))
  const reporter = new RecordingReporter()
  const sinks = new Map<string, MemorySink>()
  const cancel = new AbortController()
  const spec = makeSpec(steps, { isSerial: !isParallel, masks })
  const all: ExecuteDeps = {
    engine,
    reporter,
    openOutput: async (step) => {
      const sink = new MemorySink()
      sinks.set(step.name, sink)
      return new StepLog({ sink, masks: new MaskSet(masks), clock: systemClock })
    },
    environment: (_step, state) => ({
      FAILED: state.steps
        .filter((step) => step.status === 'failure')
        .map((step) => step.name)
        .join(),
    }),
    clock: systemClock,
    log: silentLogger,
    killGraceMs: 20,
    timeoutMs: 60_000,
    ...deps,
  }
  const run = () => execute(all, spec, cancel.signal)
  return { engine, reporter, sinks, cancel, spec, deps: all, run }
}

const summary = (result: ExecuteResult): string =>
  `${result.updates.map((update) => update.status).join(' ')} → ${result.status}`.trimStart()

const onFailure = { runPolicy: 'on-failure' } as const
const always = { runPolicy: 'always' } as const
const broken = { error: unavailable('no_image', 'cannot pull') }
const ignored = { errPolicy: 'ignore' } as const

describe('F60 the scenario table of pipeline.md §14.10', () => {
  const rows: [string, Step[], string][] = [
    [
      'a step that fails lets on-failure and always steps run',
      [
        { name: 'a', code: 2 },
        { name: 'b' },
        { name: 'c', ...onFailure },
        { name: 'd', ...always },
      ],
      'failure skipped success success → failure',
    ],
    [
      'without a failure the on-failure step is skipped',
      [{ name: 'a' }, { name: 'b' }, { name: 'c', ...onFailure }, { name: 'd', ...always }],
      'success success skipped success → success',
    ],
    [
      'exit code 78 skips everything that waits, always steps too',
      [
        { name: 'a', code: 78 },
        { name: 'b' },
        { name: 'c', ...onFailure },
        { name: 'd', ...always },
      ],
      'success skipped skipped skipped → success',
    ],
    [
      'an ignored failure changes nothing',
      [{ name: 'a', code: 1, ...ignored }, { name: 'b' }],
      'failure success → success',
    ],
    [
      'an internal error counts although it is ignored',
      [{ name: 'a', ...broken, ...ignored }, { name: 'b' }, { name: 'c', ...onFailure }],
      'error skipped success → error',
    ],
    [
      'the first in the list decides: a failure before an internal error',
      [
        { name: 'a', code: 1 },
        { name: 'b', ...onFailure, ...broken },
      ],
      'failure error → failure',
    ],
    [
      'the first in the list decides: an internal error before a failure',
      [
        { name: 'a', ...broken },
        { name: 'b', ...onFailure, code: 1 },
      ],
      'error failure → error',
    ],
    ['a stage of on-failure steps passes', [{ name: 'a', ...onFailure }], 'skipped → success'],
    ['a stage without steps passes', [], '→ success'],
    [
      'a service that dies at once changes nothing',
      [{ name: 'db', detach: true, code: 1 }, { name: 'b' }],
      'success success → success',
    ],
    [
      'a service that cannot be pulled changes nothing',
      [{ name: 'db', detach: true, ...broken }, { name: 'b' }],
      'success success → success',
    ],
    [
      'a step out of memory fails with 137',
      [{ name: 'a', code: 0, isOutOfMemory: true }, { name: 'b' }],
      'failure skipped → failure',
    ],
    [
      'out of memory with 78 fails and still skips',
      [
        { name: 'a', code: 78, isOutOfMemory: true },
        { name: 'b', ...onFailure },
      ],
      'failure skipped → failure',
    ],
    [
      'a fail-fast step that ends with 78 stops the stage, for its code is above 0',
      [{ name: 'a', code: 78, errPolicy: 'fail-fast' }, { name: 'b' }],
      'success skipped → killed',
    ],
    [
      'a fail-fast step whose condition is unmet changes nothing',
      [{ name: 'a', runPolicy: 'never', errPolicy: 'fail-fast' }, { name: 'b' }],
      'success → success',
    ],
  ]
  it.each(rows)('%s', async (_name, steps, expected) => {
    expect(summary(await prepare(steps).run())).toBe(expected)
  })

  it('gates a later step of one branch by a failure in another', async () => {
    const stage = prepare(
      [
        { name: 'a', code: 1 },
        { name: 'b', isHeld: true },
        { name: 'c', dependsOn: ['b'] },
      ],
      { isParallel: true },
    )
    const running = stage.run()
    await stage.engine.until('end a')
    stage.engine.release('b')
    expect(summary(await running)).toBe('failure success skipped → failure')
  })

  const failFast = { name: 'a', code: 1, errPolicy: 'fail-fast' } as const
  const held = { name: 'b', isHeld: true } as const
  const rest = [
    { name: 'c', dependsOn: ['b'] },
    { name: 'd', dependsOn: ['a'], ...always },
  ]

  it('fail-fast kills what runs and skips the rest', async () => {
    const stage = prepare([failFast, held, ...rest], { isParallel: true })
    const result = await stage.run()
    expect(summary(result)).toBe('failure killed skipped skipped → failure')
    expect(result.stopped).toBe('fail-fast')
  })

  it('fail-fast ends in killed where the killed step is listed first', async () => {
    const stage = prepare([held, failFast, ...rest], { isParallel: true })
    expect(summary(await stage.run())).toBe('killed failure skipped skipped → killed')
  })

  it('a timeout kills the running step, and always steps do not run', async () => {
    const stage = prepare([{ name: 'a', isHeld: true }, { name: 'b' }, { name: 'c', ...always }], {
      deps: { timeoutMs: 30 },
    })
    const result = await stage.run()
    expect(summary(result)).toBe('killed skipped skipped → killed')
    expect(result).toMatchObject({ stopped: 'timeout', exitCode: 137, error: '' })
  })

  it('a timeout after a failure leaves the failure', async () => {
    const stage = prepare(
      [
        { name: 'a', code: 1 },
        { name: 'b', ...always, isHeld: true },
        { name: 'c', ...always },
      ],
      { deps: { timeoutMs: 30 } },
    )
    expect(summary(await stage.run())).toBe('failure killed skipped → failure')
  })

  it('tells the records of a stage whose time was over before it could start', async () => {
    const stage = prepare([{ name: 'a' }, { name: 'b', ...always }], { deps: { timeoutMs: 0 } })
    const result = await runSpec(stage.deps, stage.spec, stage.cancel.signal)
    expect(summary(result)).toBe('skipped skipped → killed')
    expect(result.stopped).toBe('timeout')
    // Its end names steps: they must be known by then.
    expect(stage.reporter.calls).toEqual(['start'])
    expect(stage.reporter.records).toHaveLength(2)
  })

  it('a set-up that fails skips every step', async () => {
    const stage = prepare([{ name: 'a' }, { name: 'b', ...always }], { masks: ['hunter2'] })
    stage.engine.setupError = unavailable('engine', 'no network for hunter2')
    const result = await runSpec(stage.deps, stage.spec, stage.cancel.signal)
    expect(summary(result)).toBe('skipped skipped → error')
    expect(result).toMatchObject({ error: 'no network for ******', exitCode: 255 })
    expect(stage.reporter.calls).toEqual(['start'])
    expect(stage.reporter.records).toHaveLength(2)
  })
})

describe('F55 the graph', () => {
  it('ends a stage whose step needs one that is not there', async () => {
    const stage = prepare([{ name: 'a', dependsOn: ['x'] }], { isParallel: true })
    const result = await stage.run()
    expect(summary(result)).toBe('skipped → error')
    expect(result.error).toBe('missing vertex')
  })

  it('ends a stage whose steps wait for each other', async () => {
    const stage = prepare(
      [
        { name: 'a', dependsOn: ['b'] },
        { name: 'b', dependsOn: ['a'] },
      ],
      { isParallel: true },
    )
    expect((await stage.run()).error).toBe('dependency cycle detected')
    expect(stage.engine.events).toEqual([])
  })

  it('passes through steps with policy never to what they wait for', async () => {
    const stage = prepare([{ name: 'a' }, { name: 'b', runPolicy: 'never' }, { name: 'c' }])
    expect(summary(await stage.run())).toBe('success success → success')
    expect(stage.engine.events.indexOf('start c')).toBeGreaterThan(
      stage.engine.events.indexOf('end a'),
    )
  })

  it('walks a chain of 2,000 steps', async () => {
    const steps = Array.from({ length: 2000 }, (_, i) => ({ name: `s${i}` }))
    const result = await prepare(steps).run()
    expect(result.status).toBe('success')
    expect(result.updates.every((update) => update.status === 'success')).toBe(true)
  })

  it('runs a service on while steps run, kills it at the end and keeps its log', async () => {
    const stage = prepare([
      { name: 'db', detach: true, isHeld: true, output: ['ready\n'] },
      { name: 'a' },
    ])
    expect(summary(await stage.run())).toBe('success success → success')
    expect(stage.engine.events.indexOf('kill db')).toBeGreaterThan(
      stage.engine.events.indexOf('end a'),
    )
    expect(stage.sinks.get('db')?.text).toBe('ready\n')
    expect(stage.sinks.get('db')?.sealed?.lines).toBe(1)
  })

  it('writes why a detached step did not come up to its log', async () => {
    const stage = prepare([
      { name: 'db', detach: true, ...broken },
      { name: 'a', isHeld: true },
    ])
    const running = stage.run()
    await stage.engine.until('start a')
    stage.engine.release('a')
    await running
    expect(stage.sinks.get('db')?.text).toBe('cannot pull\n')
  })

  it('hands each step what failed before it', async () => {
    const stage = prepare([
      { name: 'a', code: 1 },
      { name: 'b', ...onFailure },
    ])
    await stage.run()
    expect(stage.engine.environments.get('b')).toEqual({ FAILED: 'a' })
  })

  it('keeps secrets of what the engine says out of the log', async () => {
    const lines: string[] = []
    const note = (text: string, fields?: LogFields) => {
      const { err, ...rest } = fields ?? {}
      lines.push(`${text} ${String(err)} ${JSON.stringify(rest)}`)
    }
    const log: Logger = { error: note, warn: note, info: note, debug: note, child: () => log }
    const error = unavailable('no_start', 'cannot run hunter2')
    const stage = prepare([{ name: 'a', error }], { masks: ['hunter2'], deps: { log } })
    await stage.run()
    stage.engine.setupError = error
    await runSpec(stage.deps, stage.spec, stage.cancel.signal)
    expect(lines.filter((line) => line.includes('******'))).toHaveLength(2)
    expect(lines.join('\n')).not.toContain('hunter2')
  })

  it('masks and cuts the error of a step', async () => {
    const error = new Error(`hunter2 ${'é'.repeat(400)}`)
    const stage = prepare([{ name: 'a', error }], { masks: ['hunter2'] })
    const text = (await stage.run()).updates[0]?.error ?? ''
    expect(text.startsWith('****** é')).toBe(true)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(500)
    expect(text).not.toContain('\ufffd')
  })
})

describe('F61 grants', () => {
  it('asks for the first steps with the start, and for the next with the end of the one before', async () => {
    const stage = prepare([
      { name: 'a' },
      { name: 'b', code: 1 },
      { name: 'c' },
      { name: 'd', ...always },
    ])
    await stage.run()
    expect(stage.reporter.calls).toEqual([
      'start 1',
      'grant 2 +1:success',
      'grant 4 +2:failure +3:skipped',
    ])
  })

  it('says which grant is that of the implicit clone', async () => {
    const stage = prepare([{ name: 'clone', isImplicit: true }, { name: 'a' }])
    await stage.run()
    expect(stage.reporter.calls).toEqual(['start 1:implicit', 'grant 2 +1:success'])
  })

  it('asks for a service and what waits for it at once', async () => {
    const stage = prepare([{ name: 'clone' }, { name: 'db', detach: true }, { name: 'a' }])
    await stage.run()
    expect(stage.reporter.calls).toEqual(['start 1', 'grant 2 3 +1:success'])
  })

  it('reports an end that starts nothing while others run', async () => {
    const stage = prepare([{ name: 'a' }, { name: 'b', isHeld: true }], { isParallel: true })
    stage.reporter.before = async () => {
      if (stage.reporter.calls.length === 2) stage.engine.release('b')
    }
    await stage.run()
    expect(stage.reporter.calls).toEqual(['start 1 2', 'report +1:success'])
  })

  it('starts nothing before its grant is answered', async () => {
    const stage = prepare([{ name: 'a' }])
    stage.reporter.before = async () => {
      await new Promise(setImmediate)
      expect(stage.engine.events).toEqual([])
    }
    expect((await stage.run()).status).toBe('success')
  })

  it('ends like a cancel where a grant is refused', async () => {
    const stage = prepare([{ name: 'a' }, { name: 'b' }, { name: 'c', ...always }])
    stage.reporter.refused.add(2)
    const result = await stage.run()
    expect(summary(result)).toBe('success skipped skipped → killed')
    expect(result.stopped).toBe('refused')
    expect(stage.engine.events).not.toContain('start b')
  })

  it('kills what runs where the grant of another branch is refused', async () => {
    const stage = prepare(
      [{ name: 'a' }, { name: 'b', isHeld: true }, { name: 'c', dependsOn: ['a'] }],
      { isParallel: true },
    )
    stage.reporter.refused.add(3)
    expect(summary(await stage.run())).toBe('success killed skipped → killed')
  })

  it('skips a step by exit code 78 although it already waits for its grant', async () => {
    const stage = prepare(
      [
        { name: 'a', isHeld: true },
        { name: 'b', isHeld: true },
        { name: 'c', dependsOn: ['a'] },
        { name: 'd', dependsOn: ['a'] },
      ],
      { isParallel: true },
    )
    const running = stage.run()
    await stage.engine.until('start b')
    // While the report of b's end is on its way, c and d come to wait for the next call; 78 comes first.
    stage.reporter.before = async () => {
      if (stage.engine.events.includes('end a')) return
      stage.engine.release('a', 78)
      await stage.engine.until('end a')
    }
    stage.engine.release('b')
    expect(summary(await running)).toBe('success success skipped skipped → success')
  })
})

describe('F57 cancel', () => {
  it('runs nothing when it came before the start', async () => {
    const stage = prepare([{ name: 'a' }, { name: 'b', ...always }])
    stage.cancel.abort()
    expect(summary(await stage.run())).toBe('skipped skipped → killed')
    expect(stage.reporter.calls).toEqual([])
  })

  it('kills the running step, skips the others and keeps the lines so far', async () => {
    const stage = prepare([
      { name: 'db', detach: true, isHeld: true },
      { name: 'a', isHeld: true, output: ['half a'] },
      { name: 'b', ...always },
    ])
    const running = stage.run()
    await stage.engine.until('start a')
    stage.cancel.abort()
    const result = await running
    expect(summary(result)).toBe('killed killed skipped → killed')
    expect(result.updates.map((update) => update.exitCode)).toEqual([137, 137, 0])
    expect(stage.sinks.get('a')?.text).toBe('half a')
  })

  it('counts a step as killed when it comes during the grant', async () => {
    const stage = prepare([{ name: 'a' }])
    stage.reporter.before = async () => stage.cancel.abort()
    expect(summary(await stage.run())).toBe('killed → killed')
    expect(stage.engine.events).toEqual([])
  })

  it('goes on without a step that does not die', async () => {
    const clock = {
      ...systemClock,
      sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(Math.min(ms, 50), signal),
    }
    const stage = prepare([{ name: 'a', isImmortal: true }], { deps: { clock, timeoutMs: 50 } })
    expect(summary(await stage.run())).toBe('killed → killed')
    expect(stage.sinks.get('a')?.sealed?.gap).toBe('the step did not end when it was killed')
  })

  it('rejects when the lease is lost, with no step left running', async () => {
    const stage = prepare([{ name: 'a', isHeld: true }, { name: 'b' }])
    const running = stage.run()
    await stage.engine.until('start a')
    stage.cancel.abort(conflict('lease_lost', 'not yours any more'))
    await expect(running).rejects.toThrow('not yours any more')
    expect(stage.engine.events).toEqual(['start a', 'kill a', 'end a'])
    expect(stage.reporter.calls).toEqual(['start 1'])
  })
})

describe('a failure of the worker', () => {
  it('kills what runs and rejects when the reporter fails for good', async () => {
    const stage = prepare(
      [{ name: 'a' }, { name: 'b', isHeld: true }, { name: 'c', dependsOn: ['a'] }],
      { isParallel: true },
    )
    stage.reporter.failure = { step: 3, error: unavailable('api', 'server gone') }
    await expect(stage.run()).rejects.toThrow('server gone')
    expect(stage.engine.events).toContain('end b')
    expect(stage.engine.events).not.toContain('start c')
  })

  it('rejects when the start is not heard', async () => {
    const stage = prepare([{ name: 'a' }])
    stage.reporter.failure = { step: 0, error: unavailable('api', 'server gone') }
    await expect(stage.run()).rejects.toThrow('server gone')
    expect(stage.engine.events).toEqual([])
  })

  it('kills the step and rejects when its lines cannot be kept', async () => {
    const output = ['x'.repeat(70_000), 'y'.repeat(70_000), 'z\n']
    const stage = prepare([{ name: 'a', output, isHeld: true }, { name: 'b' }], {
      deps: {
        openOutput: async () => {
          const sink = new MemorySink()
          sink.failure = unavailable('spool', 'spool is full')
          return new StepLog({ sink, masks: new MaskSet([]), clock: systemClock })
        },
      },
    })
    await expect(stage.run()).rejects.toThrow('spool is full')
    expect(stage.engine.events).not.toContain('start b')
  })
})

describe('F55 the process limit', () => {
  /** `count` places, first come first served. */
  const places = (count: number) => {
    let free = count
    let most = 0
    const waiting: (() => void)[] = []
    const slots = async (signal: AbortSignal) => {
      if (free === 0)
        await new Promise<void>((resolve, reject) => {
          waiting.push(resolve)
          signal.addEventListener('abort', () => reject(signal.reason))
        })
      free--
      most = Math.max(most, count - free)
      return () => {
        free++
        waiting.shift()?.()
      }
    }
    return { slots, most: () => most, free: () => free }
  }

  it('holds back steps beyond it and gives every place back', async () => {
    const limit = places(2)
    const steps = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name }))
    const stage = prepare(steps, { isParallel: true, deps: { slots: limit.slots } })
    expect((await stage.run()).status).toBe('success')
    expect(limit.most()).toBe(2)
    expect(limit.free()).toBe(2)
    expect(stage.reporter.calls[0]).toBe('start 1 2')
  })

  it('is left by detached steps at once', async () => {
    const limit = places(1)
    const stage = prepare([{ name: 'db', detach: true, isHeld: true }, { name: 'a' }], {
      deps: { slots: limit.slots },
    })
    expect(summary(await stage.run())).toBe('success success → success')
  })

  it('lets a cancel through to steps that wait', async () => {
    const limit = places(1)
    const stage = prepare([{ name: 'a', isHeld: true }, { name: 'b' }], {
      isParallel: true,
      deps: { slots: limit.slots },
    })
    const running = stage.run()
    await stage.engine.until('start a')
    stage.cancel.abort()
    expect(summary(await running)).toBe('killed skipped → killed')
    expect(limit.free()).toBe(1)
  })
})
