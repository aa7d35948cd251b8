import { Buffer } from 'node:buffer'
import type { Engine, RunOptions, Spec, StepExit } from '@waggle/domain'

export interface CaseRun extends StepExit {
  readonly bytes: Buffer
  readonly text: string
}

/** Runs one step of the spec by its name and keeps what it printed. */
export const runCase = async (
  engine: Engine,
  spec: Spec,
  name: string,
  more: Partial<RunOptions> & { readonly onOutput?: (text: string) => void } = {},
): Promise<CaseRun> => {
  const step = spec.steps.find((candidate) => candidate.name === name)
  if (!step) throw new Error(`no step ${name}`)
  const { onOutput, ...options } = more
  const parts: Buffer[] = []
  const exit = await engine.run(spec, step, {
    output: {
      write: (bytes) => {
        // The engine may use its buffer again.
        parts.push(Buffer.from(bytes))
        onOutput?.(Buffer.concat(parts).toString())
      },
    },
    try: 1,
    environment: {},
    killGraceMs: 5_000,
    signal: new AbortController().signal,
    ...options,
  })
  const bytes = Buffer.concat(parts)
  return { ...exit, bytes, text: bytes.toString() }
}
