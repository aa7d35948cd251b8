import {
  canServe,
  failpoint,
  type Given,
  partitionOf,
  type Stage,
  type Stores,
  type WorkerRecord,
} from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { isPaused } from '../decisions/is-paused.ts'
import { findHolds } from '../limits/find-holds.ts'
import { hasLimits } from '../limits/why-held.ts'
import { answerPlace } from '../places.ts'
import { tellChange } from '../tell-change.ts'
import { failUnheldStage } from './fail-unheld-stage.ts'
import { resolveGiven } from './resolve-given.ts'
import { mustBeFenced } from './retry-stage.ts'

export interface AcceptQuestion {
  /** The attempt that the offer named: the stage's last one + 1. */
  readonly attempt: number
  /** Chosen by the worker once per fetched entry. */
  readonly requestId: string
  /** Variables that the worker gives to all steps: names of secrets may be made of them. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** The worker can end what it runs by itself when it is cut off (T_selffence). */
  readonly canFence?: boolean | undefined
}

export interface Accepted {
  readonly kind: 'accepted'
  readonly leaseToken: string
  readonly given: Given
  /** The stage may be run again if this worker is lost: so it has to end it by itself when it is cut off. */
  readonly isFenced: boolean
}

export interface AcceptRefused {
  readonly kind: 'refused'
  readonly code: 'not_pending' | 'paused' | 'limited' | 'cannot_serve' | 'draining'
}

export type AcceptResult = Accepted | AcceptRefused

const refused = (code: AcceptRefused['code']): AcceptRefused => ({ kind: 'refused', code })

/** Gives the stage to this worker, if nobody was first: a compare-and-set in SQL makes the attempt (rule G1). The same
 *  accept repeated (worker, boot, request id) gets the same answer, byte for byte, so that a lost reply orphans nothing
 *  (rule G3); any other is refused. What the attempt is given is resolved once, here, and kept encrypted until it ends. */
export const acceptStage = async (
  deps: ControlDeps,
  worker: WorkerRecord,
  stageId: number,
  question: AcceptQuestion,
): Promise<AcceptResult> => {
  const { database } = deps
  // Looked at before the transaction: the losers of a race should cost two reads each.
  const stage = await database.stages.find(stageId)
  if (!stage || !isOpenFor(stage, question)) return repeatOrRefuse(deps, worker, stageId, question)
  if (!canServe(worker, partitionOf(stage))) return refused('cannot_serve')
  if (worker.isDraining && (await isDrained(database, worker.id))) return refused('draining')
  if (stage.isLimited) return refused('limited')
  if (await isPaused(deps)) return refused('paused')

  const resolved = await resolveGiven(deps, worker, stage, question)
  if (resolved.kind === 'unfit') {
    await failUnheldStage(deps, stage, resolved.message)
    return refused('not_pending')
  }
  const isFenced = question.canFence === true && mustBeFenced(stage)
  const answer = { leaseToken: deps.newToken(), given: resolved.given, isFenced }
  const outcome = await take(deps, worker, stage, question, answer)
  if (outcome === 'draining') return refused('draining')
  if (outcome === 'limited') return refused('limited')
  if (outcome === 'taken') return refused('not_pending')
  await failpoint('accept.committed')
  if (outcome === 'repeat') return repeatOrRefuse(deps, worker, stageId, question)
  deps.log.info('stage accepted', {
    'build.id': stage.buildId,
    'stage.id': stage.id,
    'worker.id': worker.id,
    'worker.name': worker.name,
    attempt: question.attempt,
    partition: stage.partition,
  })
  tellChange(deps, stage)
  return { kind: 'accepted', ...answer }
}

const isOpenFor = (stage: Stage, question: AcceptQuestion): boolean =>
  stage.status === 'pending' && !stage.isHeld && stage.attempt === question.attempt - 1

/** Who calls is known from up to a second ago; this is now. */
const isDrained = async (stores: Pick<Stores, 'workers'>, workerId: string): Promise<boolean> =>
  (await stores.workers.find(workerId))?.isDraining ?? false

const take = (
  deps: ControlDeps,
  worker: WorkerRecord,
  stage: Stage,
  question: AcceptQuestion,
  answer: Omit<Accepted, 'kind'>,
): Promise<'accepted' | 'taken' | 'repeat' | 'draining' | 'limited'> => {
  const place = answerPlace(stage.id, question.attempt)
  const answerSealed = deps.sealer.seal(JSON.stringify(answer), place)
  const tokenHash = deps.hashToken(answer.leaseToken)
  return deps.database.transaction(async (stores, atEnd) => {
    if (await isHeldBack(stores, stage)) return 'limited'
    const taken = await stores.stages.take(stage.id, question.attempt - 1, worker.name, worker.id)
    if (!taken) {
      // The same request on a second connection may have won meanwhile.
      const own = await stores.attempts.findByRequest(worker.id, worker.bootId, question.requestId)
      if (own) return 'repeat'
      return (await isDrained(stores, worker.id)) ? 'draining' : 'taken'
    }
    atEnd(
      stores.attempts.create({
        stageId: stage.id,
        number: question.attempt,
        buildId: stage.buildId,
        workerId: worker.id,
        bootId: worker.bootId,
        workerName: worker.name,
        requestId: question.requestId,
        tokenHash,
        isFenced: answer.isFenced,
        answerSealed,
      }),
    )
    return 'accepted'
  })
}

/** Asked again here, with the limits locked: an older stage may have become pending after this one was offered, and
 *  two accepts may come at once. Whatever holds it back lets it go when it ends. */
const isHeldBack = async (stores: Stores, stage: Stage): Promise<boolean> => {
  if (!hasLimits(stage)) return false
  await stores.limits.lock({ repoId: stage.repoId })
  if ((await findHolds(stores, stage)).length === 0) return false
  const when = { status: 'pending', isHeld: false, attempt: stage.attempt } as const
  return (await stores.stages.update(stage.id, { isLimited: true }, when)) !== null
}

/** The answer that was given before, if this request was the one. An attempt that has ended has none any more. */
const repeatOrRefuse = async (
  { database, sealer }: Pick<ControlDeps, 'database' | 'sealer'>,
  worker: WorkerRecord,
  stageId: number,
  { attempt, requestId }: AcceptQuestion,
): Promise<AcceptResult> => {
  const before = await database.attempts.findByRequest(worker.id, worker.bootId, requestId)
  const isSame = before?.stageId === stageId && before.number === attempt
  if (!isSame || before.state === 'ended' || before.answerSealed === null)
    return refused('not_pending')
  const text = sealer.open(before.answerSealed, answerPlace(stageId, attempt))
  // Sealed by this very function: its shape is known.
  return { kind: 'accepted', ...(JSON.parse(text.toString('utf8')) as Omit<Accepted, 'kind'>) }
}
