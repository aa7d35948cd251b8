import type { ApiCancel } from './api-shapes.ts'
import { cleanText } from './clean-line.ts'

/** How long a cancel took to reach the worker, and to be carried out there. */
export const cancelLine = ({ worker, requestedMs, seenMs, killedMs }: ApiCancel): string => {
  const since = (ms: number, word: string) =>
    // The database's clock may have been set back in between.
    ms === 0 ? `not ${word} yet` : `${word} after ${Math.max(0, ms - requestedMs)} ms`
  const at = new Date(requestedMs).toISOString().slice(11, 23)
  const name = cleanText(worker)
  return `cancel of ${name} requested at ${at} UTC, ${since(seenMs, 'seen')}, ${since(killedMs, 'done')}`
}
