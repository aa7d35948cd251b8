import {
  acceptRequest,
  acknowledgeRequest,
  cardRequest,
  finishRequest,
  grantRequest,
  heartbeatRequest,
  heldRequest,
  leaseHeader,
  workerRoutes as paths,
  protocolVersion,
  type Refusal,
  registerRequest,
  releaseRequest,
  reopenRequest,
  reportRequest,
  sealRequest,
  segmentLimitBytes,
  segmentQuery,
  startRequest,
  takeRequest,
} from '@waggle/contract'
import {
  acceptStage,
  acknowledgeCancel,
  archiveSegment,
  finishStage,
  freeCleanedUp,
  freeRemoved,
  grantSteps,
  heartbeat,
  heldAttempts,
  type LeaseOutcome,
  registerWorker,
  releaseStage,
  reopenLog,
  reportSteps,
  type SegmentOutcome,
  sealLog,
  startStage,
  storeStepCard,
} from '@waggle/control'
import { isWaggleError, type Lease } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import { type Call, header, pathNumber } from '../http/call.ts'
import { json, type Reply } from '../http/reply.ts'
import { type Route, route, type WorkerCall } from '../http/route.ts'
import { badRequest, unauthorized } from '../http/status-of.ts'
import { takeOffer } from '../take-offer.ts'

/** Reads what a schema of the contract describes; says which member is wrong. */
interface Schema<T> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: T }
    | {
        readonly success: false
        readonly error: { readonly issues: readonly { path: PropertyKey[]; message: string }[] }
      }
}

const rpcLimit = { bodyLimitBytes: 4 * 1024 * 1024 }
const segmentLimit = { bodyLimitBytes: segmentLimitBytes }

/** The worker protocol: every route only parses, hands over to control, and answers. */
export const workerRoutes = (deps: ApiDeps): readonly Route[] => {
  const { control, metrics } = deps
  return [
    route.register(at(paths.register), async (call) => {
      const request = parse(registerRequest, call)
      if (request.protocol !== protocolVersion)
        throw badRequest(
          `the worker speaks protocol ${request.protocol}, the server ${protocolVersion}: use the same version of both`,
        )
      try {
        return json(await registerWorker(control, request))
      } catch (error) {
        if (isWaggleError(error, 'conflict') && error.code === 'superseded')
          return refused('superseded')
        throw error
      }
    }),
    route.worker(
      at(paths.heartbeat),
      async (call) =>
        json(await heartbeat(control, call.worker, parse(heartbeatRequest, call).attempts)),
      rpcLimit,
    ),
    route.worker(
      at(paths.held),
      async (call) => {
        const { attempts, left, removed } = parse(heldRequest, call)
        const held = await heldAttempts(control, attempts)
        if (left) await freeCleanedUp(control, call.worker.id, left)
        await freeRemoved(control, removed)
        return json({ held })
      },
      rpcLimit,
    ),
    route.worker(at(paths.take), async (call) => {
      const { waitMs } = parse(takeRequest, call)
      const signal = AbortSignal.any([call.signal, deps.closing])
      return json({ offer: await takeOffer(control, call.worker, waitMs, signal) })
    }),
    route.worker(at(paths.accept), async (call) => {
      const question = parse(acceptRequest, call)
      const result = await acceptStage(control, call.worker, pathNumber(call, 'stageId'), question)
      if (result.kind === 'refused') return refused(result.code)
      const { stage } = result.given
      // What waited for others became pending later than it was made.
      if (stage.dependsOn.length === 0)
        metrics.observeDispatch((control.clock.now() - stage.createdAt) / 1_000)
      return json({
        leaseToken: result.leaseToken,
        given: result.given,
        isFenced: result.isFenced,
      })
    }),
    route.worker(
      at(paths.start),
      async (call) => {
        const request = parse(startRequest, call)
        return outcome(await startStage(control, leaseOf(call, request.attempt), request))
      },
      rpcLimit,
    ),
    route.worker(
      at(paths.grant),
      async (call) => {
        const request = parse(grantRequest, call)
        return outcome(await grantSteps(control, leaseOf(call, request.attempt), request))
      },
      rpcLimit,
    ),
    route.worker(
      at(paths.report),
      async (call) => {
        const { attempt, updates, seals } = parse(reportRequest, call)
        return outcome(await reportSteps(control, leaseOf(call, attempt), updates, seals))
      },
      rpcLimit,
    ),
    route.worker(
      at(paths.segment),
      async (call) => {
        const query = segmentQuery.safeParse(Object.fromEntries(call.query))
        if (!query.success) throw badRequest('segment: bad query')
        const { attempt, step, try: tryNumber, ...segment } = query.data
        const name = { step, try: tryNumber }
        const lease = leaseOf(call, attempt)
        return segmentOutcome(
          await archiveSegment(control, lease, name, { ...segment, data: call.body }),
        )
      },
      segmentLimit,
    ),
    route.worker(at(paths.reopen), async (call) => {
      const request = parse(reopenRequest, call)
      return segmentOutcome(await reopenLog(control, leaseOf(call, request.attempt), request))
    }),
    route.worker(at(paths.seal), async (call) => {
      const request = parse(sealRequest, call)
      return outcome(await sealLog(control, leaseOf(call, request.attempt), request))
    }),
    route.worker(
      at(paths.card),
      async (call) => {
        const { attempt, schema, data, ...name } = parse(cardRequest, call)
        const card = { schema, data: JSON.stringify(data ?? null) }
        return outcome(await storeStepCard(control, leaseOf(call, attempt), { ...name, card }))
      },
      rpcLimit,
    ),
    route.worker(
      at(paths.finish),
      async (call) => {
        const { attempt, ...result } = parse(finishRequest, call)
        return outcome(await finishStage(control, leaseOf(call, attempt), result))
      },
      rpcLimit,
    ),
    route.worker(at(paths.release), async (call) => {
      const { attempt, reason } = parse(releaseRequest, call)
      return outcome(await releaseStage(control, leaseOf(call, attempt), reason))
    }),
    route.worker(
      at(paths.acknowledge),
      async (call) => {
        const { attempt, updates, seals } = parse(acknowledgeRequest, call)
        return outcome(await acknowledgeCancel(control, leaseOf(call, attempt), updates, seals))
      },
      rpcLimit,
    ),
  ]
}

const at = (path: string): `POST /${string}` => `POST ${path as `/${string}`}`

const parse = <T>(schema: Schema<T>, call: Call): T => {
  let value: unknown
  try {
    value = JSON.parse(call.body.toString('utf8'))
  } catch {
    throw badRequest('body is not JSON')
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw badRequest(`${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not valid'}`)
}

/** A worker's identity comes from its token, never from what it says (threats.md T-30). */
const leaseOf = (call: WorkerCall, attempt: number): Lease => {
  const token = header(call, leaseHeader)
  if (token === '') throw unauthorized()
  return { workerId: call.worker.id, stageId: pathNumber(call, 'stageId'), attempt, token }
}

const reasons: Readonly<Record<Refusal, string>> = {
  not_pending: 'The stage is not pending any more, or another worker was first',
  paused: 'The queue is paused',
  limited: 'A limit holds the stage back',
  cannot_serve: 'The worker cannot serve this stage',
  draining: 'The worker is to take nothing new',
  lease_lost: 'The attempt is not held by this worker any more',
  cancelled: 'The attempt was cancelled',
  superseded: 'Another process has started with the same worker id',
}

const refused = (code: Refusal): Reply => json({ message: reasons[code], code }, 409)

const outcome = (result: LeaseOutcome): Reply =>
  result.kind === 'ok' ? json({ ok: true }) : refused(result.code)

const segmentOutcome = (result: SegmentOutcome): Reply =>
  result.kind === 'ok' ? json({ next: result.next }) : refused(result.code)
