import { invalid, type Spec, type SpecStep } from '@waggle/domain'
import type { LocalFlags } from './local-flags.ts'

type Selection = Pick<LocalFlags, 'include' | 'exclude' | 'resumeAt'>

/** Without the steps that the flags leave out: they get no record and are passed over. What runs in the background and
 *  the clone stay unless they are excluded by name. */
export const selectSteps = (spec: Spec, flags: Selection): Spec => {
  const { include, exclude, resumeAt } = flags
  const named = [include, exclude].some((names) => names !== undefined)
  if (!named && resumeAt === undefined) return spec
  const names = spec.steps.map((step) => step.name)
  for (const name of [...(include ?? []), ...(exclude ?? []), ...(resumeAt ? [resumeAt] : [])])
    if (!names.includes(name)) throw invalid('no_step', `the pipeline has no step "${name}"`)
  const first = resumeAt === undefined ? 0 : names.indexOf(resumeAt)
  const isOut = (step: SpecStep, index: number): boolean => {
    if (exclude?.includes(step.name)) return true
    if (step.isImplicit || step.detach) return false
    return index < first || (include !== undefined && !include.includes(step.name))
  }
  let number = 0
  const steps = spec.steps.map((step, index): SpecStep => {
    if (isOut(step, index) || step.runPolicy === 'never')
      return { ...step, runPolicy: 'never', number: 0 }
    return { ...step, number: ++number }
  })
  return { ...spec, steps }
}
