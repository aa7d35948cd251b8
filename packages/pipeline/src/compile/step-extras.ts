import type { SpecStep } from '@waggle/domain'
import type { PipelineStep } from '../manifest.ts'

/** What the spec holds of a step's `waggle:`; nothing for a step without. */
export const stepExtras = ({
  waggle: { timeoutMs, retry, healthcheck },
}: Pick<PipelineStep, 'waggle'>): Pick<SpecStep, 'timeoutMs' | 'retry' | 'healthcheck'> => ({
  ...(timeoutMs > 0 ? { timeoutMs } : {}),
  ...(retry.count > 0 ? { retry } : {}),
  ...(healthcheck !== null ? { healthcheck } : {}),
})
