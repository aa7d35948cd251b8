import { stepStatuses } from '@waggle/domain'
import { z } from 'zod'
import { given } from './given.ts'

/** The worker protocol, `/rpc/worker/v1` (design §7). Both sides parse what they get with these shapes.
 *
 *  Identity comes from credentials only: the worker's secret opens `register`, the token that register gave opens
 *  every other call, and a lease token opens one attempt. Every call may be repeated: the answer is the same.
 *  409 means that the attempt is not this worker's any more; it carries a code of `refusals`. */
export const protocolVersion = 1
export const protocolPath = '/rpc/worker/v1'

/** Header that carries the lease token of the attempt a call is about. */
export const leaseHeader = 'x-waggle-lease'

/** Why a call was refused with 409. `accept`: not_pending (somebody else has it, or it is over), paused, limited,
 *  cannot_serve, draining (this worker is to take nothing new, but others may: the offer goes back). Everything after:
 *  lease_lost (a stale attempt), cancelled (the attempt is closing). `register`: superseded (another process has started
 *  with this worker's id meanwhile: stop, for good). */
export const refusals = [
  'not_pending',
  'paused',
  'limited',
  'cannot_serve',
  'draining',
  'lease_lost',
  'cancelled',
  'superseded',
] as const
export type Refusal = (typeof refusals)[number]

const id = z.int().positive()
const count = z.int().nonnegative()
const name = z.string().max(500)
const labels = z.record(z.string().max(250), z.string().max(1_000))
const attemptRef = z.object({ stageId: id, attempt: count })

const workerProfile = z.object({
  kind: name,
  type: name,
  os: name,
  arch: name,
  variant: name,
  kernel: name,
  labels,
  labelMatch: z.enum(['equal', 'subset']),
})

export const registerRequest = z.object({
  protocol: z.int(),
  workerId: z.uuid(),
  /** New at every start of the process. */
  bootId: z.uuid(),
  /** This boot was registered before. It is refused once a newer boot of the worker is; a first call never is. */
  isAgain: z.boolean().default(false),
  name: z.string().min(1).max(200),
  version: name,
  slots: z.int().positive().max(10_000),
  profile: workerProfile,
})
export type RegisterRequest = z.infer<typeof registerRequest>

export const registerReply = z.object({
  /** Opens every other call, for this boot only. */
  token: z.string(),
  installation: z.string(),
  /** The name to show: the one asked for, or `name (2)` where another live worker has it. */
  name: z.string(),
  serverVersion: z.string(),
  heartbeatMs: z.number(),
  killGraceMs: z.number(),
})
export type RegisterReply = z.infer<typeof registerReply>

/** Names the attempts that the worker holds; those are renewed, no others. */
export const heartbeatRequest = z.object({ attempts: z.array(attemptRef).max(10_000) })
export type HeartbeatRequest = z.infer<typeof heartbeatRequest>

export const heartbeatReply = z.object({
  /** Attempts that were cancelled: end them, then acknowledge. */
  cancelled: z.array(attemptRef),
  /** Attempts that are not this worker's any more: end them and say nothing. */
  lost: z.array(attemptRef),
  /** Take nothing new. */
  isDraining: z.boolean(),
})
export type HeartbeatReply = z.infer<typeof heartbeatReply>

/** Which of these attempts somebody still holds; leftovers of the others may be removed. */
export const heldRequest = z.object({
  attempts: z.array(attemptRef).max(10_000),
  /** All attempts of which the worker has, or its machine holds, anything; absent = not said. What it lost and what is
   *  not among them is cleaned up. */
  left: z.array(attemptRef).max(10_000).optional(),
  /** Attempts, also of other workers, of which it just removed what was left. */
  removed: z.array(attemptRef).max(10_000).default([]),
})
export const heldReply = z.object({ held: z.array(attemptRef) })

export const acceptRequest = z.object({
  /** The attempt number that the offer named: the stage's last attempt + 1. */
  attempt: count,
  /** Chosen by the worker once per fetched entry; the same accept repeated gets the same answer. */
  requestId: z.uuid(),
  /** Variables that the worker gives to all steps: names of secrets may be made of them. Absent = none. */
  environment: z.record(z.string().max(250), z.string().max(1_000)).optional(),
  /** The worker ends what it runs by itself when it is cut off for too long (T_selffence). */
  canFence: z.boolean().default(false),
})
export type AcceptRequest = z.infer<typeof acceptRequest>

export const acceptReply = z.object({
  leaseToken: z.string(),
  given,
  /** The stage may be run again if this worker is lost: it has to end it by itself when it is cut off. */
  isFenced: z.boolean().default(false),
})
export type AcceptReply = z.infer<typeof acceptReply>

/** A step as its worker sees it. Times are the server's: it stamps them when it hears of the change. */
const stepUpdate = z.object({
  number: id,
  status: z.enum(stepStatuses),
  exitCode: z.int(),
  /** Masked by the worker; cut to 500 bytes by the server. */
  error: z.string().max(10_000),
})

const stepRecord = z.object({
  number: id,
  name,
  image: z.string().max(2_000),
  errIgnore: z.boolean(),
  detached: z.boolean(),
  dependsOn: z.array(name).max(10_000),
})

const grant = z.object({
  step: id,
  try: z.int().positive().max(100),
  /** The implicit clone, the first step: its grant does not count (design §14). */
  isImplicit: z.boolean().default(false),
})

/** The stage runs: its step records are made, in order. `grants` asks for the first steps in the same call. */
export const startRequest = z.object({
  attempt: count,
  steps: z.array(stepRecord).max(2_100),
  grants: z.array(grant).max(2_100),
})
export type StartRequest = z.infer<typeof startRequest>

const logSeal = z.object({ lines: count, bytes: count, crc32: count, gap: z.string().max(500) })

/** Logs that are complete. A step's seal goes with the call that tells its end: it costs no call of its own. */
const seals = z
  .array(z.object({ step: id, try: id, seal: logSeal }))
  .max(2_100)
  .default([])

/** May these steps start now? Committed before any of them does; `updates` reports what ended meanwhile. */
export const grantRequest = z.object({
  attempt: count,
  updates: z.array(stepUpdate).max(2_100),
  grants: z.array(grant).max(2_100),
  seals,
})
export type GrantRequest = z.infer<typeof grantRequest>

export const reportRequest = z.object({
  attempt: count,
  updates: z.array(stepUpdate).max(2_100),
  seals,
})
export type ReportRequest = z.infer<typeof reportRequest>

/** Lines that go to the archive before the step's end, so that the stream in Redis stays bounded. Sent as the raw
 *  block (`application/octet-stream`) with these query parameters. Answered with the number of the next line that
 *  the archive is missing; where that is not `first + count` the sender goes on from there. */
export const segmentQuery = z.object({
  attempt: z.coerce.number().pipe(count),
  step: z.coerce.number().pipe(id),
  try: z.coerce.number().pipe(id),
  first: z.coerce.number().pipe(count),
  count: z.coerce.number().pipe(count),
  bytes: z.coerce.number().pipe(count),
})
export type SegmentQuery = z.infer<typeof segmentQuery>
export const segmentReply = z.object({ next: count })

/** Largest block that a segment upload may carry. */
export const segmentLimitBytes = 9 * 1024 * 1024

/** Redis lost the stream: make it again. Answered like a segment. */
export const reopenRequest = z.object({ attempt: count, step: id, try: id })
export type ReopenRequest = z.infer<typeof reopenRequest>

/** A log that is complete long before its step's end is told: that of a service or a detached step. */
export const sealRequest = z.object({ attempt: count, step: id, try: id, seal: logSeal })
export type SealRequest = z.infer<typeof sealRequest>

/** The card that a step printed. Kept beside its log; the step goes on without it where it cannot be kept. */
export const cardRequest = z.object({
  attempt: count,
  step: id,
  try: id,
  schema: z.string().max(2_000),
  data: z.unknown(),
})

export const finishRequest = z.object({
  attempt: count,
  status: z.enum(['success', 'failure', 'error', 'killed']),
  exitCode: z.int(),
  error: z.string().max(10_000),
  /** Final state of every step record, also of those whose change was told before. */
  updates: z.array(stepUpdate).max(2_100),
  seals,
})
export type FinishRequest = z.infer<typeof finishRequest>

/** Gives the stage back: nothing was granted, nothing can have run. */
export const releaseRequest = z.object({ attempt: count, reason: z.string().max(500) })
export type ReleaseRequest = z.infer<typeof releaseRequest>

/** A cancelled attempt is over: its containers are gone, its lines are sealed. Exit codes as they were seen. */
export const acknowledgeRequest = z.object({
  attempt: count,
  updates: z.array(stepUpdate).max(2_100),
  seals,
})
export type AcknowledgeRequest = z.infer<typeof acknowledgeRequest>

/** Answer of calls that tell something. */
export const okReply = z.object({ ok: z.literal(true) })

/** Answer of a refused call. */
export const refusalReply = z.object({ message: z.string(), code: z.enum(refusals) })

/** Long poll for workers that do not reach Redis: an offer, or `null` when nothing came up in time. */
export const takeRequest = z.object({ waitMs: z.int().nonnegative().max(30_000) })
export const takeReply = z.object({
  offer: z.object({ stageId: id, attempt: count, partition: z.string() }).nullable(),
})
