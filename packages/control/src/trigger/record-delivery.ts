import { createHash, randomUUID } from 'node:crypto'
import {
  type Delivery,
  type DeliveryEnd,
  type Hook,
  makeHook,
  type NewDelivery,
  type Repo,
  WaggleError,
} from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { cleanText, cutCodePoints } from '../text-limits.ts'
import { boundHook } from './new-build.ts'
import type { BodyFacts, SubmitRequest } from './submit-request.ts'

const hourMs = 3_600_000
/** How long a repeat of a delivery is answered with its build (reliability.md H1, key 1). */
export const deliveryKeepMs = 72 * hourMs
/** How long another webhook that says the same is (key 2). */
export const sameContentMs = 10 * 60_000

/** Most characters of a request that is kept for delivering it again. */
const requestLimit = 64 * 1024
const keyLimit = 250
const reasonLimit = 2_000

/** A request on its way to a build, with what is stored of it whatever becomes of it. */
export interface Submission extends SubmitRequest {
  readonly delivery: NewDelivery
  /** Nobody else has the key of the delivery, so it is stored once its end is known. */
  readonly isOnce: boolean
}

type RecordDeps = Pick<ControlDeps, 'database' | 'sealer'>

/** The request with its limits kept, and the row of its delivery. Throws `invalid` for what no build takes. */
export const openSubmission = (
  { sealer }: Pick<ControlDeps, 'sealer'>,
  given: SubmitRequest,
): Submission => {
  const request = { ...given, hook: boundHook(given.hook) }
  const { hook, repo, body = noBody } = request
  const wanted = cutCodePoints(cleanText(request.deliveryKey ?? ''), keyLimit)
  const key = wanted === '' ? `once:${randomUUID()}` : wanted
  const delivery: NewDelivery = {
    repoId: repo.id,
    key,
    via: hook.trigger === '@hook' ? 'webhook' : hook.trigger === '@cron' ? 'cron' : 'call',
    event: hook.event,
    ref: hook.ref,
    commit: hook.after,
    sender: cutCodePoints(cleanText(hook.trigger), keyLimit),
    bodyHash: body.hash,
    bodyBytes: body.sizeBytes,
    content: contentOf(hook),
    requestSealed: sealRequest(sealer, request, key),
  }
  return { ...request, delivery, isOnce: wanted === '' && request.isNoted !== true }
}

const noBody: BodyFacts = { hash: '', sizeBytes: 0 }

/** Stores a delivery before the work on it begins, so that neither it nor its end is lost with the process. `null`: it
 *  has a build already. */
export const noteDelivery = async (
  deps: RecordDeps,
  request: SubmitRequest,
): Promise<Delivery | null> => {
  const { delivery } = openSubmission(deps, { ...request, isNoted: true })
  return deps.database.deliveries.claim(delivery, { keepMs: deliveryKeepMs, isFurtherTry: true })
}

/** Keeps why a delivery built nothing, so that its sender can be told. One that built meanwhile is left alone. */
export const endDelivery = async (
  { database }: Pick<ControlDeps, 'database'>,
  { repo, delivery, isOnce, isNoted }: Submission,
  end: DeliveryEnd,
): Promise<void> => {
  const bounded = { ...end, reason: boundReason(end.reason ?? '') }
  if (isOnce) return database.deliveries.create(delivery, bounded)
  await database.transaction(async ({ deliveries }) => {
    const options = { keepMs: deliveryKeepMs, isFurtherTry: isNoted !== true }
    if (await deliveries.claim(delivery, options))
      await deliveries.settle(repo.id, delivery.key, bounded)
  })
}

/** Does the work of a submission; its failure is also the delivery's end. */
export const withDelivery = async <T>(
  deps: Pick<ControlDeps, 'database' | 'log'>,
  submission: Submission,
  work: () => Promise<T>,
): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    const end = { outcome: 'failed', reason: failureReason(error) } as const
    // The failure itself is told to the caller; the database may be what failed.
    await endDelivery(deps, submission, end).catch((err: unknown) =>
      deps.log.warn('failure of a delivery was not stored', { err }),
    )
    throw error
  }
}

/** What may be told of a failure. */
export const failureReason = (error: unknown): string =>
  error instanceof WaggleError && error.kind !== 'internal'
    ? `${error.code}: ${error.message}`
    : 'the server failed; its log says why'

/** A webhook that never got as far as the trigger. What is refused may be anybody's: of each repository and reason one
 *  row is kept, with its latest time and their number. */
export const refuseDelivery = async (
  { database }: Pick<ControlDeps, 'database'>,
  repo: Pick<Repo, 'id'>,
  { reason, body = noBody }: { readonly reason: string; readonly body?: BodyFacts },
): Promise<void> => {
  const key = `refused:${reason.slice(0, 100)}`
  const delivery: NewDelivery = {
    repoId: repo.id,
    key,
    via: 'webhook',
    event: '',
    ref: '',
    commit: '',
    sender: '',
    bodyHash: body.hash,
    bodyBytes: body.sizeBytes,
    content: '',
    requestSealed: null,
  }
  await database.transaction(async ({ deliveries }) => {
    await deliveries.claim(delivery, { keepMs: deliveryKeepMs, isFurtherTry: true })
    await deliveries.settle(repo.id, key, { outcome: 'refused', reason: boundReason(reason) })
  })
}

const boundReason = (reason: string): string => cutCodePoints(cleanText(reason), reasonLimit)

/** What makes two webhooks with different ids ask for the same build (reliability.md H1, key 2). One that names no
 *  commit is like no other: its branch may have moved. */
const contentOf = (hook: Hook): string => {
  if (hook.trigger !== '@hook' || hook.after === '') return ''
  const { event, ref, before, after, action, target, fork, deployTo, deployId } = hook
  const params = Object.entries(hook.params).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256')
    .update(
      JSON.stringify([event, ref, before, after, action, target, fork, deployTo, deployId, params]),
    )
    .digest('hex')
}

/** What a delivery asked for, as it is kept. */
export type KeptRequest = Pick<
  SubmitRequest,
  'hook' | 'cloneUrl' | 'manifest' | 'resolve' | 'priority'
>

const sealRequest = (
  sealer: ControlDeps['sealer'],
  { repo, hook, ...request }: SubmitRequest,
  key: string,
): Uint8Array | null => {
  const { changedFiles, ...rest } = hook
  const { cloneUrl, manifest, resolve, priority } = request
  const more = { cloneUrl, manifest, resolve, priority }
  const kept = JSON.stringify({ hook: { ...rest, changedFiles }, ...more })
  // Without its list of files it is looked up again.
  const text = kept.length > requestLimit ? JSON.stringify({ hook: rest, ...more }) : kept
  return text.length > requestLimit ? null : sealer.seal(text, requestPlace(repo.id, key))
}

/** What was kept of the delivery's request; `null` = nothing, for it was too long or never genuine. */
export const openRequest = (
  sealer: ControlDeps['sealer'],
  { repoId, key, requestSealed }: Pick<Delivery, 'repoId' | 'key' | 'requestSealed'>,
): KeptRequest | null => {
  if (requestSealed === null) return null
  const text = sealer.open(requestSealed, requestPlace(repoId, key)).toString('utf8')
  const kept = JSON.parse(text) as KeptRequest
  return { ...kept, hook: makeHook(kept.hook) }
}

const requestPlace = (repoId: number, key: string): string => `deliveries/${repoId}/${key}/request`
