import { type Healthcheck, noRetry, type Retry } from '@waggle/domain'

/** What stands under `waggle:` of a pipeline: nothing of it is Drone's. */
export interface PipelineExtras {
  readonly retry: Retry
  /** The combinations of its matrix, in order; empty = no matrix. */
  readonly matrix: readonly MatrixValues[]
}

/** One combination: a value for each axis, in the order of the axes. */
export type MatrixValues = Readonly<Record<string, string>>

/** What stands under `waggle:` of a step or service. */
export interface StepExtras {
  /** 0 = none but the stage's. */
  readonly timeoutMs: number
  readonly retry: Retry
  readonly healthcheck: Healthcheck | null
}

/** What stands under `waggle: cache:` of a volume. */
export interface CacheOptions {
  /** Caches of one repository and trust with the same key are the same one. */
  readonly key: string
  /** Purged when it was not used for so long; 0 = as the worker says. */
  readonly maxAgeMs: number
  /** Purged when it holds more; 0 = as the worker says. */
  readonly sizeLimitBytes: number
}

export const noPipelineExtras: PipelineExtras = { retry: noRetry, matrix: [] }
export const noStepExtras: StepExtras = { timeoutMs: 0, retry: noRetry, healthcheck: null }
