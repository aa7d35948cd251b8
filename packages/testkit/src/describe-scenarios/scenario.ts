import type { StageResult } from '@waggle/domain'
import type { StopReason } from '@waggle/runtime'

/** A step as a pipeline's file has it, in the words that both kinds of pipeline know. */
export interface ScenarioStep {
  readonly name: string
  /** Lines of POSIX shell, run in the workspace. */
  readonly run?: string
  readonly status?: readonly ('success' | 'failure')[]
  readonly failure?: 'ignore' | 'fail-fast'
  readonly detach?: boolean
  readonly depends_on?: readonly string[]
  readonly when?: object
  /** Bytes; containers only. */
  readonly mem_limit?: number
  readonly memswap_limit?: number
  /** It cannot be started: its image cannot be pulled, its folder is not there. */
  readonly isBroken?: boolean
}

/** A stage, what happens to it, and how it has to end. */
export interface Scenario {
  readonly name: string
  readonly services?: readonly ScenarioStep[]
  readonly steps: readonly ScenarioStep[]
  /** What happens once a step prints `ready`; `at once`: cancelled before the start. */
  readonly event?: 'cancel' | 'timeout' | 'cancel at once'
  /** Network or folder of the stage cannot be made. */
  readonly hasNoSetup?: boolean
  /** The worker's process limit. */
  readonly maxSteps?: number
  /** Only containers can. */
  readonly needs?: 'containers'
  /** Status of each recorded step → status of the stage. */
  readonly ends: string
  readonly exitCodes?: readonly number[]
  readonly stage?: Partial<StageResult>
  readonly stopped?: StopReason | ''
  /** What the log of a step holds, by its name. */
  readonly logs?: Readonly<Record<string, string>>
  /** What the server is told, in order; the result of the stage is told besides. */
  readonly told?: readonly string[]
}

export const onFailure = { status: ['failure'] } as const
export const always = { status: ['success', 'failure'] } as const
export const ignored = { failure: 'ignore' } as const
export const failFast = { failure: 'fail-fast' } as const
/** Runs until it is killed. */
export const forever = 'echo ready\nwhile :; do sleep 0.1; done'
export const until = (file: string) => `while [ ! -e ${file} ]; do sleep 0.05; done`
