import { isRetriedOn, type RetryEnd, type SpecStep, timeoutExitCode } from '@waggle/domain'
import type { StepEnd } from './step-end.ts'

type Retried = Pick<SpecStep, 'retry'>

/** Whether the step is tried again after this end of its try. */
export const isTriedAgain = ({ retry }: Retried, end: StepEnd, tryNumber: number): boolean => {
  if (retry === undefined || tryNumber > retry.count) return false
  const reason = reasonOf(end)
  return reason !== null && isRetriedOn(retry, reason)
}

/** Last line of the log of a try that is not the last one; empty where it is. */
export const retryNote = (step: Retried, end: StepEnd, tryNumber: number): string => {
  if (!isTriedAgain(step, end, tryNumber)) return ''
  const delay = (step.retry?.delayMs ?? 0) / 1_000
  const when = delay > 0 ? ` in ${delay} s` : ''
  return `try ${tryNumber} of ${mostTries(step)} ${endText(end)}; it is tried again${when}`
}

/** First line of the log of a further try; empty for the first one. */
export const retryHeader = (step: Retried, tryNumber: number): string =>
  tryNumber > 1 ? `waggle: try ${tryNumber} of ${mostTries(step)}` : ''

const mostTries = ({ retry }: Retried): number => (retry?.count ?? 0) + 1

const reasonOf = (end: StepEnd): RetryEnd | null => {
  switch (end.kind) {
    case 'exit': {
      const { code, isOutOfMemory } = end.exit
      // 78 ends the stage, also where the step was out of memory as well (pipeline.md §14.8).
      if (code === 78 || (code === 0 && !isOutOfMemory)) return null
      return { reason: 'failure', exitCode: isOutOfMemory ? 137 : code }
    }
    case 'timeout':
      return { reason: 'timeout', exitCode: timeoutExitCode }
    case 'error':
      return { reason: 'error', exitCode: 255 }
    case 'lost':
      return null
    default:
      return end satisfies never
  }
}

const endText = (end: StepEnd): string => {
  if (end.kind === 'timeout') return end.text
  if (end.kind === 'error') return `could not run: ${end.text}`
  return `ended with exit code ${reasonOf(end)?.exitCode ?? 0}`
}
