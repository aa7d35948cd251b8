import {
  type Healthcheck,
  noRetry,
  type Retry,
  type SpecStep,
  silentLogger,
  systemClock,
  unavailable,
} from '@waggle/domain'
import {
  FakeEngine,
  type FakeStep,
  MemorySink,
  makeSpec,
  RecordingReporter,
  waitUntil,
} from '@waggle/testkit'
import { describe, expect, it } from 'vitest'
import { execute } from './execute.ts'
import { MaskSet } from './mask-set.ts'
import { StepLog } from './step-output.ts'

type Step = Partial<SpecStep> & { readonly name: string } & FakeStep

const prepare = (steps: readonly Step[], { isSerial = true } = {}) => {
  const engine = new FakeEngine(Object.fromEntries(steps.map((step) => [step.name, step])))
  const reporter = new RecordingReporter()
  const logs = new Map<string, MemorySink>()
  const cancel = new AbortController()
  const deps = {
    engine,
    reporter,
    openOutput: async (step: SpecStep, tryNumber: number) => {
      const sink = new MemorySink()
      logs.set(`${step.name}/${tryNumber}`, sink)
      return new StepLog({ sink, masks: new MaskSet([]), clock: systemClock })
    },
    environment: () => ({}),
    clock: systemClock,
    log: silentLogger,
    killGraceMs: 20,
    timeoutMs: 60_000,
  }
  const run = async () => {
    const result = await execute(deps, makeSpec(steps, { isSerial }), cancel.signal)
    const updates = result.updates.map(({ status, exitCode }) =>
      exitCode === 0 ? status : `${status}(${exitCode})`,
    )
    return { ...result, summary: `${updates.join(' ')} → ${result.status}` }
  }
  const text = (log: string) => logs.get(log)?.text ?? 'no log'
  return { engine, reporter, text, cancel, run, logs }
}

const retry = (count: number, on: Retry['on'] = ['failure']): Retry => ({ ...noRetry, count, on })

describe('retry of a step', () => {
  it('runs a failed step again, each try with its own grant and log, and goes on where one passes', async () => {
    const stage = prepare([
      { name: 'a', code: 3, output: ['one\n'], retry: retry(2), tries: [{ output: ['two\n'] }] },
      { name: 'b' },
    ])
    expect((await stage.run()).summary).toBe('success success → success')
    expect(stage.reporter.calls).toEqual(['start 1', 'grant 1/2', 'grant 2 +1:success'])
    expect(stage.text('a/1')).toBe('one\ntry 1 of 3 ended with exit code 3; it is tried again\n')
    expect(stage.text('a/2')).toBe('waggle: try 2 of 3\ntwo\n')
    expect(stage.engine.events.filter((event) => event.startsWith('start'))).toEqual([
      'start a',
      'start a',
      'start b',
    ])
  })

  it('fails with the end of the last try', async () => {
    const stage = prepare([
      { name: 'a', code: 3, retry: retry(1), tries: [{ code: 4 }] },
      { name: 'b' },
      { name: 'c', runPolicy: 'on-failure' },
    ])
    expect((await stage.run()).summary).toBe('failure(4) skipped success → failure')
    expect(stage.text('a/2')).toBe('waggle: try 2 of 2\n')
  })

  const ends: readonly [string, Step, readonly string[]][] = [
    ['an exit code that it does not name', { name: 'a', code: 2, retry: retry(1, [3]) }, ['a/1']],
    ['an exit code that it names', { name: 'a', code: 3, retry: retry(1, [3]) }, ['a/1', 'a/2']],
    ['exit code 78', { name: 'a', code: 78, retry: retry(1) }, ['a/1']],
    ['success', { name: 'a', retry: retry(1) }, ['a/1']],
    [
      'a failure where it names errors',
      { name: 'a', code: 1, retry: retry(1, ['error']) },
      ['a/1'],
    ],
    [
      'what kept it from running',
      { name: 'a', error: unavailable('no_image', 'cannot pull'), retry: retry(1, ['error']) },
      ['a/1', 'a/2'],
    ],
    [
      'no memory, by its exit code',
      { name: 'a', isOutOfMemory: true, retry: retry(1, [137]) },
      ['a/1', 'a/2'],
    ],
  ]
  it.each(ends)('decides on %s', async (_name, step, logs) => {
    const stage = prepare([step])
    await stage.run()
    expect([...stage.logs.keys()]).toEqual(logs)
  })

  it('starts no further try of a cancelled stage', async () => {
    const stage = prepare([{ name: 'a', isHeld: true, retry: retry(5) }])
    const running = stage.run()
    await stage.engine.until('start a')
    stage.cancel.abort()
    expect((await running).summary).toBe('killed(137) → killed')
    expect([...stage.logs.keys()]).toEqual(['a/1'])
  })

  it('is killed where the stage is cancelled between two tries', async () => {
    const stage = prepare([{ name: 'a', code: 1, retry: { ...retry(1), delayMs: 60_000 } }])
    const running = stage.run()
    await waitUntil('the end of the try', () => stage.text('a/1').includes('tried again'))
    stage.cancel.abort()
    expect((await running).summary).toBe('killed(137) → killed')
    expect(stage.text('a/1')).toContain('it is tried again in 60 s')
  })

  it('is not started again where the grant of the try is refused', async () => {
    const stage = prepare([{ name: 'a', code: 1, retry: retry(3) }])
    stage.reporter.before = async () => {
      if (stage.reporter.calls.length > 1) stage.reporter.refused.add(1)
    }
    expect((await stage.run()).stopped).toBe('refused')
    expect([...stage.logs.keys()]).toEqual(['a/1'])
  })
})

describe('timeout of a step', () => {
  it('ends the step as a failure with code 124, and the rest as after any failure', async () => {
    const stage = prepare([
      { name: 'a', isHeld: true, timeoutMs: 50 },
      { name: 'b' },
      { name: 'c', runPolicy: 'on-failure' },
    ])
    const result = await stage.run()
    expect(result.summary).toBe('failure(124) skipped success → failure')
    expect(result.updates[0]?.error).toBe('timed out after 0.05 s')
    expect(stage.text('a/1')).toBe('timed out after 0.05 s\n')
    expect(stage.engine.events).toContain('kill a')
  })

  it('is a failure that can be ignored', async () => {
    const stage = prepare([
      { name: 'a', isHeld: true, timeoutMs: 50, errPolicy: 'ignore' },
      { name: 'b' },
    ])
    expect((await stage.run()).summary).toBe('failure(124) success → success')
  })

  it('counts for each try, and can be tried again', async () => {
    const stage = prepare([
      {
        name: 'a',
        isHeld: true,
        timeoutMs: 50,
        retry: retry(1, ['timeout']),
        tries: [{ code: 0 }],
      },
    ])
    expect((await stage.run()).summary).toBe('success → success')
    expect(stage.text('a/1')).toBe('try 1 of 2 timed out after 0.05 s; it is tried again\n')
  })

  it('says nothing of a step that ends in time', async () => {
    const stage = prepare([{ name: 'a', timeoutMs: 60_000 }])
    expect((await stage.run()).summary).toBe('success → success')
  })
})

describe('readiness of a service', () => {
  const check = (more: Partial<Healthcheck> = {}): Healthcheck => ({
    probe: { kind: 'port', port: 80 },
    intervalMs: 5,
    timeoutMs: 1_000,
    retries: 3,
    startPeriodMs: 0,
    ...more,
  })

  it('keeps back what waits for it until a probe passes', async () => {
    const stage = prepare([
      { name: 'db', detach: true, isHeld: true, failedProbes: 2, healthcheck: check() },
      { name: 'test' },
    ])
    expect((await stage.run()).summary).toBe('success success → success')
    expect(stage.engine.events.slice(0, 5)).toEqual([
      'start db',
      'not ready db',
      'not ready db',
      'ready db',
      'start test',
    ])
  })

  it('ends the stage with what the last probe saw where it never passes', async () => {
    const stage = prepare([
      { name: 'db', detach: true, isHeld: true, failedProbes: 99, healthcheck: check() },
      { name: 'test' },
      { name: 'tell', runPolicy: 'on-failure' },
    ])
    const result = await stage.run()
    expect(result.summary).toBe('error(255) skipped success → error')
    expect(result.error).toMatch(
      /^service db is not ready: 3 probes in a row failed, [\d.]+ s after its start; the last: probe 3 failed$/,
    )
  })

  it('does not count failures of the start period', async () => {
    const service = { name: 'db', detach: true, isHeld: true, failedProbes: 6 }
    const healthcheck = check({ retries: 1, startPeriodMs: 60_000 })
    const stage = prepare([{ ...service, healthcheck }, { name: 'test' }])
    expect((await stage.run()).summary).toBe('success success → success')
  })

  it('ends the stage where the service ends before it is ready', async () => {
    const stage = prepare([
      {
        name: 'db',
        detach: true,
        code: 7,
        failedProbes: 1_000,
        healthcheck: check({ retries: 1_000, intervalMs: 50 }),
      },
      { name: 'test' },
    ])
    const result = await stage.run()
    expect(result.summary).toBe('error(255) skipped → error')
    expect(result.error).toBe('service db ended with exit code 7 before it was ready')
  })

  it('ends the stage where the service cannot be started', async () => {
    const error = unavailable('no_image', 'cannot pull')
    const stage = prepare([
      { name: 'db', detach: true, error, healthcheck: check() },
      { name: 'test' },
    ])
    expect((await stage.run()).error).toBe('service db could not be started: cannot pull')
  })

  it('keeps back only what waits for it', async () => {
    const stage = prepare(
      [
        { name: 'db', detach: true, isHeld: true, failedProbes: 2, healthcheck: check() },
        { name: 'lint' },
        { name: 'test', dependsOn: ['db'] },
      ],
      { isSerial: false },
    )
    expect((await stage.run()).summary).toBe('success success success → success')
    const { events } = stage.engine
    expect(events.indexOf('start lint')).toBeLessThan(events.indexOf('ready db'))
    expect(events.indexOf('start test')).toBeGreaterThan(events.indexOf('ready db'))
  })

  it('is not asked any more once the stage is cancelled', async () => {
    const stage = prepare([
      {
        name: 'db',
        detach: true,
        isHeld: true,
        failedProbes: 1_000_000,
        healthcheck: check({ retries: 1_000 }),
      },
      { name: 'test' },
    ])
    const running = stage.run()
    await stage.engine.until('not ready db')
    stage.cancel.abort()
    expect((await running).summary).toBe('killed(137) skipped → killed')
  })
})
