import { randomUUID } from 'node:crypto'
import type { Engine, RunOptions, Spec, SpecStep, StepExit } from '@waggle/domain'
import { makeSpec } from './make-spec.ts'

export type DockerStep = Partial<SpecStep> & { readonly name: string }

/** A spec as compile makes it for this engine: names and labels of one attempt of an installation of the test's own,
 *  and a workspace at `/drone`. A step's `script` runs in busybox. */
export const dockerStage = (
  steps: readonly DockerStep[],
  more: Partial<Spec> & { installation?: string; stage?: number } = {},
): Spec => {
  const { installation = `t${randomUUID().slice(0, 8)}`, stage = 1, ...rest } = more
  const prefix = `waggle-${installation}-${stage}-1`
  const labels = {
    'io.waggle': 'true',
    'io.waggle.installation': installation,
    'io.waggle.stage': String(stage),
    'io.waggle.attempt': '1',
  }
  return makeSpec(
    steps.map((step, index) => ({
      id: `${prefix}-${index + 1}`,
      image: 'waggle/busybox:1',
      entrypoint: step.script === undefined ? [] : ['/bin/sh', '-c'],
      command: step.script === undefined ? [] : [step.script],
      mounts: [{ name: '_workspace', path: '/drone' }],
      workingDir: '/drone',
      labels: { ...labels, 'io.waggle.step': String(index + 1) },
      ...step,
    })),
    {
      network: { id: `${prefix}-net`, labels, options: {} },
      volumes: [
        {
          kind: 'temp',
          id: `${prefix}-ws`,
          name: '_workspace',
          medium: '',
          sizeLimitBytes: 0,
          labels,
        },
      ],
      ...rest,
    },
  )
}

export const installationOf = (spec: Spec): string =>
  spec.network.labels['io.waggle.installation'] ?? ''

export interface Ran extends StepExit {
  readonly bytes: Buffer
  readonly text: string
  readonly timesMs: readonly number[]
}

/** Runs one step by its name and keeps what it printed. */
export const runNamed = async (
  engine: Engine,
  spec: Spec,
  name: string,
  more: Partial<RunOptions> = {},
): Promise<Ran> => {
  const step = spec.steps.find((candidate) => candidate.name === name)
  if (!step) throw new Error(`no step ${name}`)
  const parts: Buffer[] = []
  const timesMs: number[] = []
  const exit = await engine.run(spec, step, {
    output: {
      write: (bytes, timeMs) => {
        parts.push(Buffer.from(bytes))
        timesMs.push(timeMs)
      },
    },
    try: 1,
    environment: {},
    killGraceMs: 1_000,
    signal: new AbortController().signal,
    ...more,
  })
  const bytes = Buffer.concat(parts)
  return { ...exit, bytes, text: bytes.toString('utf8'), timesMs }
}
