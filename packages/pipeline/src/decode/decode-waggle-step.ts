import { decodeHealthcheck } from './decode-healthcheck.ts'
import { decodeRetry } from './decode-retry.ts'
import type { Fields } from './fields.ts'
import { noStepExtras, type StepExtras } from './waggle.ts'
import { WaggleFields } from './waggle-fields.ts'

const dayMs = 86_400_000

/** `waggle:` of a step or a service. */
export const decodeWaggleStep = (fields: Fields, isService: boolean): StepExtras => {
  const known = isService ? ['healthcheck'] : ['timeout', 'retry', 'healthcheck']
  const waggle = WaggleFields.of(fields, known)
  if (waggle === null) return noStepExtras
  const isDetached = isService || fields.bool('detach')
  if (!isDetached && waggle.has('healthcheck'))
    waggle.issue('healthcheck', 'only a service or a step with detach is asked whether it is ready')
  const healthcheck = decodeHealthcheck(waggle)
  if (isService) return { ...noStepExtras, healthcheck }
  for (const key of ['timeout', 'retry'])
    if (isDetached && waggle.has(key))
      waggle.issue(key, 'a detached step ends with the stage: it has no timeout and no retry')
  if (isDetached) return { ...noStepExtras, healthcheck }
  return {
    timeoutMs: waggle.duration('timeout', { min: 1_000, max: 20 * dayMs, fallback: 0 }),
    retry: decodeRetry(waggle, 'step'),
    healthcheck: null,
  }
}
