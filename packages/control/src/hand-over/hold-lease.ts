import { Buffer } from 'node:buffer'
import { timingSafeEqual } from 'node:crypto'
import type { Attempt, AttemptEnd, AttemptState, Lease, Stage, Stores } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { type LeaseRefused, leaseLost, wasCancelled } from './refusal.ts'

interface HeldLease {
  readonly kind: 'held'
  readonly attempt: Attempt
  readonly stage: Stage
}

/** What a call needs of its attempt. */
export interface LeaseWish {
  /** States in which the call may write. */
  readonly states: readonly AttemptState[]
  /** The attempt's end by which the same call is known to have been done before. */
  readonly repeatOf?: AttemptEnd
}

type LeaseAnswer = HeldLease | { readonly kind: 'repeat' } | LeaseRefused

const running: readonly AttemptState[] = ['leased', 'granted']
export const whileRunning: LeaseWish = { states: running }

/** Checks a lease inside the transaction that writes under it, with the stage's row locked: every change of an
 *  attempt's state happens under that lock, so what is checked here still holds at the commit (invariant I8). */
export const holdLease = async (
  { hashToken }: Pick<ControlDeps, 'hashToken'>,
  stores: Stores,
  lease: Lease,
  wish: LeaseWish,
): Promise<LeaseAnswer> => {
  // Asked for together, run in this order: the attempt is read under the lock.
  const [stage, attempt] = await Promise.all([
    stores.stages.lock(lease.stageId),
    stores.attempts.findLease(lease.stageId, lease.attempt),
  ])
  if (!stage || !attempt || !isHolder(attempt, lease, hashToken(lease.token))) return leaseLost
  if (wish.states.includes(attempt.state)) return { kind: 'held', attempt, stage }
  if (attempt.state === 'closing') return wasCancelled
  if (wish.repeatOf !== undefined && attempt.end === wish.repeatOf) return { kind: 'repeat' }
  return leaseLost
}

const isHolder = (attempt: Attempt, lease: Lease, tokenHash: string): boolean =>
  attempt.workerId === lease.workerId && equalHashes(attempt.tokenHash, tokenHash)

/** Compares two hex digests in constant time. */
export const equalHashes = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
