import { setTimeout as delay } from 'node:timers/promises'
import type { SubmitResult } from '@waggle/control'
import type { ApiDeps } from './api-deps.ts'
import { header } from './http/call.ts'
import { json, type Reply } from './http/reply.ts'
import type { UserCall } from './http/route.ts'
import { badRequest } from './http/status-of.ts'
import { viewBuild } from './shapes/view-build.ts'

/** The answer to whoever asked for a build: the build, or `null` where the trigger decided to make none (rest-api.md
 *  §7.3). A header says why. */
export const startAnswer = async ({ control }: ApiDeps, result: SubmitResult): Promise<Reply> => {
  if (result.kind === 'skipped')
    return json(null, 200, { 'x-waggle-reason': headerText(result.reason) })
  const headers = result.isRepeat ? { 'idempotent-replayed': 'true' } : {}
  return json(await viewBuild(control, result.build), 200, headers)
}

const reasonLimit = 1_000

/** A header holds no text beyond ASCII: percent-encoded, as far as it has to be. */
const headerText = (text: string): string => encodeURI(text.slice(0, reasonLimit).toWellFormed())

/** The key by which a repeat of this call gets the first build. One caller's key means nothing for another's. */
export const idempotencyKey = (call: UserCall): { readonly deliveryKey?: string } => {
  const key = header(call, 'idempotency-key')
  if (key.length > 200) throw badRequest('Idempotency-Key: longer than 200 characters')
  return key === '' ? {} : { deliveryKey: `call:${call.user.id}:${key}` }
}

const answerWithinMs = 2_000

/** The answer of work that goes on, also when its sender hangs up: `202` with the delivery's id where it takes longer
 *  than two seconds (webhooks.md §1). */
export const answerInTime = async (
  deps: ApiDeps,
  work: Promise<SubmitResult>,
  delivery: string,
): Promise<Reply> => {
  const timer = new AbortController()
  const late = delay(answerWithinMs, 'late' as const, { signal: timer.signal }).catch(
    () => 'late' as const,
  )
  try {
    const result = await Promise.race([work, late])
    if (result !== 'late') return await startAnswer(deps, result)
  } finally {
    timer.abort()
  }
  deps.background.add('delivery', work)
  return json({ delivery }, 202)
}
