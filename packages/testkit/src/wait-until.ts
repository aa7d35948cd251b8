import { setTimeout as delay } from 'node:timers/promises'

/** Resolves with the first truthy answer. Fails with `what` after `timeoutMs`, which a slow machine may need; errors of
 *  the question count as no. The longer it takes, the less often it asks: what is waited for needs the processor. */
export const waitUntil = async <T>(
  what: string,
  ask: () => Promise<T> | T,
  timeoutMs = 60_000,
  everyMs = 20,
): Promise<NonNullable<T>> => {
  const startedAt = performance.now()
  let last: unknown
  for (;;) {
    try {
      const answer = await ask()
      if (answer) return answer
      last = answer
    } catch (error) {
      last = error
    }
    const waitedMs = performance.now() - startedAt
    if (waitedMs > timeoutMs) {
      const why = last instanceof Error ? last.message : JSON.stringify(last)
      throw new Error(`waited ${timeoutMs} ms for ${what}; last answer: ${why}`)
    }
    await delay(Math.max(everyMs, Math.min(100, waitedMs / 20)))
  }
}
