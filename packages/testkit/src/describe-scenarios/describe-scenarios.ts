import { randomInt } from 'node:crypto'
import {
  type Clock,
  type Engine,
  type Spec,
  type SpecStep,
  silentLogger,
  systemClock,
} from '@waggle/domain'
import { type ExecuteResult, MaskSet, runSpec, StepLog } from '@waggle/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemorySink } from '../memory-sink.ts'
import { RecordingReporter } from '../recording-reporter.ts'
import { moreScenarios } from './more-scenarios.ts'
import type { Scenario, ScenarioStep } from './scenario.ts'
import { statusScenarios } from './status-scenarios.ts'

export interface ScenarioCases {
  readonly type: 'docker' | 'exec'
  /** Compiles a pipeline's file as a worker does, for attempt 1 of the stage. */
  compile(manifest: string, ids: { readonly installation: string; readonly stage: number }): Spec
  /** Laid over a step, makes it one that cannot be started. */
  readonly unstartable: Partial<SpecStep>
  /** Makes a stage one that cannot be set up. */
  readonly withoutSetup: (spec: Spec) => Spec
}

/** How stages end: from a pipeline's file through compile and the walk to processes of a real engine
 *  (pipeline.md §14). */
export const describeScenarios = (open: () => Promise<Engine>, cases: ScenarioCases): void => {
  const installation = `s${randomInt(2 ** 40).toString(36)}`
  let engine: Engine
  let stage = 0

  beforeAll(async () => {
    engine = await open()
  }, 120_000)
  afterAll(async () => {
    await engine?.close()
  })

  const cover = (title: string, scenarios: readonly Scenario[]) =>
    describe.concurrent(title, { timeout: 60_000 }, () => {
      const wanted = scenarios.filter(({ needs }) => !needs || cases.type === 'docker')
      it.each(wanted)('$name', async (scenario) => {
        stage++
        const compiled = cases.compile(manifestOf(scenario, cases.type), { installation, stage })
        const whole = breakSteps(compiled, scenario, cases.unstartable)
        const spec = scenario.hasNoSetup ? cases.withoutSetup(whole) : whole
        const { result, reporter, sinks } = await runScenario(engine, scenario, spec)
        expect({
          ...result,
          ends: summaryOf(result),
          exitCodes: result.updates.map(({ exitCode }) => exitCode),
          told: reporter.calls,
          logs: Object.fromEntries([...sinks].map(([name, sink]) => [name, sink.text])),
        }).toMatchObject(wantedOf(scenario))
        expect(await engine.leftovers(installation)).not.toContainEqual({
          stageId: Number(spec.network.labels['io.waggle.stage']),
          attempt: 1,
        })
      })
    })
  cover(`how a stage ends (pipeline.md §14.10), engine ${cases.type}`, statusScenarios)
  cover(
    `what happens to a stage (pipeline.md §14.4 to §14.11), engine ${cases.type}`,
    moreScenarios,
  )
}

const runScenario = async (engine: Engine, scenario: Scenario, spec: Spec) => {
  const { event = '', maxSteps = 0 } = scenario
  const reporter = new RecordingReporter()
  const sinks = new Map<string, MemorySink>()
  const cancel = new AbortController()
  const { clock, runOut } = clockOfTimeout()
  const onReady = () => (event === 'timeout' ? runOut() : event === 'cancel' && cancel.abort())
  if (event === 'cancel at once') cancel.abort()
  try {
    const result = await runSpec(
      {
        engine,
        reporter,
        openOutput: async (step) => {
          const sink = new MemorySink()
          sinks.set(step.name, sink)
          const watched = watch(sink, onReady)
          return new StepLog({ sink: watched, masks: new MaskSet(spec.masks), clock: systemClock })
        },
        environment: () => ({}),
        ...(maxSteps > 0 ? { slots: placesFor(maxSteps) } : {}),
        clock,
        log: silentLogger,
        killGraceMs: 200,
        timeoutMs,
      },
      spec,
      cancel.signal,
    )
    return { result, reporter, sinks }
  } finally {
    await engine.destroy(spec)
  }
}

const timeoutMs = 3_600_000

/** A clock on which the stage's hour is over when the test says so. */
const clockOfTimeout = (): { readonly clock: Clock; readonly runOut: () => void } => {
  const over = Promise.withResolvers<void>()
  const clock: Clock = {
    ...systemClock,
    // Set-up takes no time off the hour.
    monotonic: () => 0,
    sleep: (ms, signal) => (ms === timeoutMs ? over.promise : systemClock.sleep(ms, signal)),
  }
  return { clock, runOut: over.resolve }
}

const watch = (sink: MemorySink, onReady: () => void): MemorySink => {
  const append = sink.append.bind(sink)
  sink.append = async (block) => {
    await append(block)
    if (sink.text.includes('\nready\n')) onReady()
  }
  return sink
}

/** Places under the worker's process limit, first come first served. */
const placesFor = (count: number) => {
  let free = count
  const waiting: (() => void)[] = []
  return async (): Promise<() => void> => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    return () => {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}

const summaryOf = (result: ExecuteResult): string =>
  `${result.updates.map((update) => update.status).join(' ')} → ${result.status}`.trimStart()

const breakSteps = (
  spec: Spec,
  { services = [], steps }: Scenario,
  unstartable: Partial<SpecStep>,
): Spec => {
  const broken = new Set([...services, ...steps].filter((step) => step.isBroken).map(nameOf))
  return {
    ...spec,
    steps: spec.steps.map((step) => (broken.has(step.name) ? { ...step, ...unstartable } : step)),
  }
}

const wantedOf = ({ ends, exitCodes, stage, stopped, told, logs }: Scenario) => ({
  ends,
  ...stage,
  ...(exitCodes ? { exitCodes } : {}),
  ...(stopped === undefined ? {} : { stopped }),
  ...(told ? { told } : {}),
  ...(logs ? { logs: Object.fromEntries(Object.entries(logs).map(contains)) } : {}),
})

const contains = ([name, text]: readonly [string, string]) => [name, expect.stringContaining(text)]

const nameOf = ({ name }: ScenarioStep): string => name

/** JSON is YAML. An exec pipeline has no services: there they are detached steps before the others. */
const manifestOf = ({ services = [], steps }: Scenario, type: 'docker' | 'exec'): string => {
  const fileStep = ({ run = '', status, when, isBroken, ...rest }: ScenarioStep) => ({
    ...rest,
    ...(type === 'docker' ? { image: 'waggle/busybox:1' } : {}),
    // What it would run is not seen where it is broken.
    commands: isBroken ? ['true'] : run.split('\n'),
    when: { ...when, ...(status ? { status } : {}) },
  })
  const detached = services.map((service) => ({ ...service, detach: true }))
  return JSON.stringify({
    kind: 'pipeline',
    type,
    name: 'default',
    ...(type === 'docker'
      ? { services: services.map(fileStep), steps: steps.map(fileStep) }
      : { steps: [...detached, ...steps].map(fileStep) }),
  })
}
