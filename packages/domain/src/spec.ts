import type { Healthcheck } from './healthcheck.ts'
import type { Retry } from './retry.ts'

/** A stage, compiled: inert and ready for an engine (pipeline.md §12.2). Names are deterministic: compiling the
 *  same given stage again gives the same spec (design §7). `waggle compile` prints it with the names of §12.2. */
export interface Spec {
  readonly platform: {
    readonly os: string
    readonly arch: string
    readonly variant: string
    readonly version: string
  }
  readonly steps: readonly SpecStep[]
  /** Run to their ends, in order, while the stage is set up: no records, no lines (pipeline.md §13.1). */
  readonly internal?: readonly SpecStep[]
  readonly volumes: readonly SpecVolume[]
  readonly network: SpecNetwork
  /** What must not appear in any line, error text or log: longest first, at least 2 bytes each. */
  readonly masks: readonly string[]
  /** Deepest folder that holds all of the stage on an exec engine; empty elsewhere. */
  readonly root: string
}

export type RunPolicy = 'on-success' | 'on-failure' | 'always' | 'never'
export type ErrPolicy = 'fail' | 'fail-fast' | 'ignore'
export type PullPolicy = 'default' | 'always' | 'if-not-exists' | 'never'

export interface SpecStep {
  /** Container name without its try: `waggle-<installation>-<stage>-<attempt>-<step>`. */
  readonly id: string
  readonly name: string
  /** 1-based over the recorded steps; 0 for policy `never`, which has no record. */
  readonly number: number
  /** The clone step that nobody wrote. It only fills an empty workspace, so that running it again does no harm. */
  readonly isImplicit: boolean
  readonly image: string
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Variables whose values are secret: appended after empty ones were dropped, so they exist even when empty. */
  readonly secrets: readonly SpecSecret[]
  readonly dependsOn: readonly string[]
  readonly runPolicy: RunPolicy
  readonly errPolicy: ErrPolicy
  readonly detach: boolean
  readonly privileged: boolean
  readonly pull: PullPolicy
  readonly user: string
  readonly workingDir: string
  readonly mounts: readonly { readonly name: string; readonly path: string }[]
  readonly devices: readonly { readonly name: string; readonly path: string }[]
  readonly dns: readonly string[]
  readonly dnsSearch: readonly string[]
  readonly extraHosts: readonly string[]
  /** Network mode of its own; empty = the stage's network. */
  readonly network: string
  /** Further networks it is connected to. */
  readonly networks: readonly string[]
  /** Index of the shared network namespace it joins (design §12); -1 = one of its own. */
  readonly namespace: number
  readonly labels: Readonly<Record<string, string>>
  readonly auth: {
    readonly address: string
    readonly username: string
    readonly password: string
  } | null
  readonly limits: SpecLimits
  /** The script of a step with `commands`, for engines that run files instead of an entrypoint. */
  readonly script: string
  /** Ends one try of the step after so long; absent = only the stage's timeout does. */
  readonly timeoutMs?: number
  /** Further tries of it; absent = none. */
  readonly retry?: Retry
  /** What waits for this detached step waits until it is ready; absent = until it was launched. */
  readonly healthcheck?: Healthcheck
}

export interface SpecSecret {
  readonly name: string
  readonly env: string
  readonly value: string
}

export interface SpecLimits {
  readonly memoryBytes: number
  readonly memorySwapBytes: number
  readonly shmBytes: number
  readonly cpuPeriod: number
  readonly cpuQuota: number
  readonly cpuShares: number
  readonly cpuSet: readonly string[]
}

export const noLimits: SpecLimits = {
  memoryBytes: 0,
  memorySwapBytes: 0,
  shmBytes: 0,
  cpuPeriod: 0,
  cpuQuota: 0,
  cpuShares: 0,
  cpuSet: [],
}

export type SpecVolume =
  | {
      readonly kind: 'temp'
      readonly id: string
      readonly name: string
      readonly medium: '' | 'memory'
      readonly sizeLimitBytes: number
      readonly labels: Readonly<Record<string, string>>
      /** Id of the cache whose content it gets when it is made. */
      readonly filledFrom?: string
    }
  | {
      /** Outlives the stage: made where it is missing, purged by the engine's own rules, never with the stage. */
      readonly kind: 'cache'
      readonly id: string
      readonly name: string
      readonly labels: Readonly<Record<string, string>>
      readonly filledFrom?: string
    }
  | {
      readonly kind: 'host'
      readonly id: string
      readonly name: string
      readonly path: string
      readonly readOnly: boolean
      readonly labels: Readonly<Record<string, string>>
    }

export interface SpecNetwork {
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, string>>
}
