import { type AttemptRef, invalid, type Spec } from '@waggle/domain'

/** Whose a container, volume or network is. Compile puts these labels on everything of a stage. */
export interface StageLabels {
  readonly installation: string
  readonly ref: AttemptRef
}

const installationLabel = 'io.waggle.installation'
const stageLabel = 'io.waggle.stage'
const attemptLabel = 'io.waggle.attempt'
export const stepLabel = 'io.waggle.step'
export const tryLabel = 'io.waggle.try'
export const namespaceLabel = 'io.waggle.namespace'

type Labels = Readonly<Record<string, string>>

/** Throws `invalid` without all three: a filter by nothing would match every container of the machine. */
export const stageLabelsOf = (spec: Spec): StageLabels => {
  const { labels } = spec.network
  const installation = labels[installationLabel] ?? ''
  const ref = attemptOf(labels)
  if (installation === '' || !ref) {
    throw invalid('spec_unlabelled', 'the spec does not say whose it is: its network lacks labels')
  }
  return { installation, ref }
}

export const attemptOf = (labels: Labels): AttemptRef | null => {
  const stageId = Number(labels[stageLabel])
  const attempt = Number(labels[attemptLabel])
  return Number.isSafeInteger(stageId) && Number.isSafeInteger(attempt)
    ? { stageId, attempt }
    : null
}

/** Filter of the engine's lists. */
export const labelFilter = (installation: string, ref?: AttemptRef): object => ({
  label: [
    `${installationLabel}=${installation}`,
    ...(ref ? [`${stageLabel}=${ref.stageId}`, `${attemptLabel}=${ref.attempt}`] : []),
  ],
})

/** Whether what bears `found` belongs to the same attempt as what would bear `wanted`. */
export const isSameAttempt = (found: Labels | null | undefined, wanted: Labels): boolean =>
  [installationLabel, stageLabel, attemptLabel].every(
    (name) => wanted[name] !== undefined && found?.[name] === wanted[name],
  )
