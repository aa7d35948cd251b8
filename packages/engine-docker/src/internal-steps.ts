import { type RunOptions, type Spec, type SpecStep, unavailable } from '@waggle/domain'
import { containerName } from './container-config.ts'
import type { CreateDeps } from './create-container.ts'
import { findImage } from './image-access.ts'
import { pullImage } from './pull-image.ts'
import { type RunDeps, runStep } from './run-step.ts'
import { isSameAttempt } from './stage-labels.ts'
import { statusOf } from './translate-error.ts'

/** Runs what a stage needs before its steps, one after the other, a minute each; what they print goes nowhere
 *  (pipeline.md §13.1). One that has run is not run again when a worker sets the stage up a second time: a step may be
 *  using what it made. Throws a text for the user. */
export const runInternalSteps = async (deps: RunDeps, spec: Spec): Promise<void> => {
  for (const step of spec.internal ?? []) {
    const code = (await endOfEarlier(deps, spec, step)) ?? (await run(deps, spec, step))
    if (code === 0) continue
    throw failed(`${step.name} ended with exit code ${code}`)
  }
}

const failed = (why: string) =>
  unavailable('internal_step_failed', `the stage cannot be set up: ${why}`)

const pullMs = 600_000

const run = async (deps: RunDeps, spec: Spec, step: SpecStep): Promise<number> => {
  // Its time is not the step's.
  await pullMissing(deps, step)
  const { internalMs } = deps.timers
  const deadline = AbortSignal.timeout(internalMs)
  const options: RunOptions = {
    output: { write: () => undefined },
    try: 1,
    environment: {},
    killGraceMs: 1_000,
    signal: deadline,
  }
  const { code } = await runStep(deps, spec, step, options)
  if (deadline.aborted) throw failed(`${step.name} did not end within ${internalMs / 1_000} s`)
  return code
}

const pullMissing = async (deps: CreateDeps, step: SpecStep): Promise<void> => {
  if ((await findImage(deps.client, step.image)) !== null) return
  const quiet = { write: () => undefined }
  await pullImage({ ...deps, isShown: false }, step, quiet, AbortSignal.timeout(pullMs))
}

/** Exit code of the container that an earlier set-up of this attempt ran; `null` = it ran none. */
const endOfEarlier = async (
  { client, timers }: RunDeps,
  spec: Spec,
  step: SpecStep,
): Promise<number | null> => {
  const path = `/containers/${containerName(step, 1)}`
  try {
    const { Config, State } = await client.call<{
      Config?: { Labels?: Record<string, string> }
      State: { Status: string }
    }>('GET', `${path}/json`)
    if (!isSameAttempt(Config?.Labels, spec.network.labels) || State.Status === 'created')
      return null
    await client.call('POST', `${path}/wait`, { deadlineMs: timers.internalMs })
    const ended = await client.call<{ State: { ExitCode: number } }>('GET', `${path}/json`)
    return ended.State.ExitCode
  } catch (error) {
    if (statusOf(error) === 404) return null
    throw error
  }
}
