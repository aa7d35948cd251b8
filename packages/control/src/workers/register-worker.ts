import { conflict, type Stores, type WorkerProfile } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { type EndedAttempt, endLostAttempt } from '../hand-over/end-lost-attempt.ts'
import { isRerunOnLoss } from '../hand-over/retry-stage.ts'
import { installationOf } from '../installation.ts'
import { deliverEnded } from '../offers/deliver-outbox.ts'
import { cleanText, cutCodePoints } from '../text-limits.ts'
import { forgetWorkers } from './authenticate-worker.ts'

export interface RegisterQuestion {
  readonly workerId: string
  readonly bootId: string
  /** This boot was registered before. */
  readonly isAgain?: boolean
  readonly name: string
  readonly version: string
  readonly slots: number
  readonly profile: WorkerProfile
}

export interface RegisterResult {
  /** Identifies this boot of the worker from now on. */
  readonly token: string
  readonly installation: string
  /** The name to show: the one asked for, or `name (2)` where another live worker has it. */
  readonly name: string
  readonly serverVersion: string
  readonly heartbeatMs: number
  readonly killGraceMs: number
}

/** A worker process started. What an older boot of the same worker left is settled before the answer: that process is
 *  dead, so nobody has to wait for its silence (reliability.md W2, W16). Repeating it gives a new token.
 *
 *  Where it is not dead, because two processes run with one id (a cloned disk), the newer one wins for good: the older
 *  one's next `isAgain` throws `conflict` with the code `superseded`. Were it let in, each would end the other's
 *  attempts for ever. */
export const registerWorker = async (
  deps: ControlDeps,
  question: RegisterQuestion,
): Promise<RegisterResult> => {
  const { workerId: id, bootId, slots, profile } = question
  const installation = await installationOf(deps.database)
  // Names its worker, so that it is found by its key; only the hash of the whole is kept.
  const token = `${id}.${deps.newToken()}`
  const tokenHash = deps.hashToken(token)
  const wished = cutCodePoints(cleanText(question.name), 200) || id
  const version = cutCodePoints(cleanText(question.version), 100)
  const worker = await deps.database.transaction(async (stores) => {
    if (question.isAgain) await refuseOlderBoot(stores, id, bootId)
    const name = await stores.workers.freeName(wished, id)
    return stores.workers.register({ ...profile, id, bootId, name, version, slots, tokenHash })
  })
  forgetWorkers(deps.database)
  deps.log.info('worker registered', { 'worker.id': id, 'worker.name': worker.name, version })
  await settleOlderBoots(deps, id, bootId)
  return {
    token,
    installation,
    name: worker.name,
    serverVersion: deps.system.version,
    heartbeatMs: deps.timers.heartbeatMs,
    killGraceMs: deps.timers.killGraceMs,
  }
}

const refuseOlderBoot = async (stores: Stores, id: string, bootId: string): Promise<void> => {
  const current = await stores.workers.find(id)
  if (current && current.bootId !== bootId)
    throw conflict('superseded', 'superseded by a newer start of the same worker')
}

const settleOlderBoots = async (
  deps: ControlDeps,
  workerId: string,
  bootId: string,
): Promise<void> => {
  const ended: EndedAttempt[] = []
  for (const attempt of await deps.database.attempts.listOpenByWorker(workerId)) {
    if (attempt.bootId === bootId) continue
    const { stageId, number, buildId } = attempt
    try {
      const ref = { stageId, attempt: number, buildId }
      const result = await endLostAttempt(deps, ref, async (stores) => {
        const current = await stores.attempts.find(stageId, number)
        if (!current || current.bootId === bootId) return null
        // What it ran may still run, until its guard has ended it: the reaper waits for that (T_selffence < T_lost).
        const stage = await stores.stages.find(stageId)
        const isLeft = current.state === 'granted' && stage && isRerunOnLoss(stage, current)
        return isLeft ? null : current
      })
      if (result) ended.push(result)
    } catch (err) {
      // The reaper comes by: one attempt must not keep a worker from registering (threats.md T-47).
      deps.log.error('attempt of an older boot was not settled', {
        'build.id': buildId,
        'stage.id': stageId,
        attempt: number,
        err,
      })
    }
  }
  await deliverEnded(deps, ended)
}
