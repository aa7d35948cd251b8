import type { ApiSpan } from './api-shapes.ts'
import { duration } from './progress/status-mark.ts'

/** A span of seconds from now, in words. */
export const spanText = (span: ApiSpan | null): string => {
  if (span === null) return 'at a time nobody can tell'
  if (span.high <= 1) return 'now'
  const [low, high] = [duration(span.low), duration(span.high)]
  if (low === high) return `in about ${high}`
  return span.low <= 1 ? `within ${high}` : `in ${low} to ${high}`
}
