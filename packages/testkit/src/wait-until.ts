import { setTimeout as delay } from 'node:timers/promises'

/** Resolves with the first truthy answer. Fails with `what` after `timeoutMs`, which a slow machine may need; errors of
 *  the question count as no. */
export const waitUntil = async <T>(
  what: string,
  ask: () => Promise<T> | T,
  timeoutMs = 60_000,
  everyMs = 20,
): Promise<NonNullable<T>> => {
  const deadline = performance.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      const answer = await ask()
      if (answer) return answer
      last = answer
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) {
      const why = last instanceof Error ? last.message : JSON.stringify(last)
      throw new Error(`waited ${timeoutMs} ms for ${what}; last answer: ${why}`)
    }
    await delay(everyMs)
  }
}
