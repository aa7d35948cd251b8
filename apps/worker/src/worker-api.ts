import {
  type AcceptReply,
  acceptReply,
  type HeartbeatReply,
  heartbeatReply,
  heldReply,
  leaseHeader,
  okReply,
  protocolVersion,
  type RegisterReply,
  registerReply,
  segmentReply,
  takeReply,
  workerPaths,
} from '@waggle/contract'
import {
  type AttemptRef,
  type Clock,
  type Grant,
  isWaggleError,
  type Logger,
  type LogKey,
  type LogSeal,
  type LogSegment,
  type Offer,
  type StageResult,
  type StepCard,
  type StepRecord,
  type StepUpdate,
  type WorkerProfile,
} from '@waggle/domain'
import type { Identity } from './identity.ts'
import type { LeftHere } from './janitor.ts'
import type { Lease } from './lease.ts'
import { createRpcClient, type RpcCall } from './rpc-client.ts'

export interface WorkerApiOptions {
  readonly server: string
  readonly secret: string
  readonly identity: Identity
  readonly name: string
  readonly version: string
  readonly slots: number
  readonly profile: WorkerProfile
  readonly clock: Clock
  readonly log: Logger
  /** Called when a newer boot has taken this worker's place: nothing that it says is heard any more. */
  readonly onSuperseded: () => void
  /** Variables that this worker gives to all steps. */
  readonly environment?: Readonly<Record<string, string>>
}

/** The worker's side of the worker protocol, call by call. Calls about an attempt are repeated until they are
 *  answered or its lease is lost; a refusal is a `conflict` with the protocol's code. */
export interface WorkerApi {
  /** Repeated until the API is there. */
  register(signal: AbortSignal): Promise<RegisterReply>
  /** Asked once. */
  heartbeat(attempts: readonly AttemptRef[], signal: AbortSignal): Promise<HeartbeatReply>
  readonly heartbeatUrl: string
  /** What opens calls of this boot, as of now: another where the API had to be told of the boot again. */
  credential(): string
  /** Asked once. */
  held(
    attempts: readonly AttemptRef[],
    signal: AbortSignal,
    told?: LeftHere,
  ): Promise<readonly AttemptRef[]>
  /** Asked once: waits at the API until there is an offer. */
  take(
    waitMs: number,
    signal: AbortSignal,
  ): Promise<(Offer & { readonly partition: string }) | null>
  accept(
    offer: Offer,
    requestId: string,
    options: {
      readonly signal: AbortSignal
      readonly lastTry: AbortSignal
      readonly canFence?: boolean
    },
  ): Promise<AcceptReply>
  start(
    lease: Lease,
    steps: readonly StepRecord[],
    grants: readonly Grant[],
    signal: AbortSignal,
  ): Promise<void>
  grant(
    lease: Lease,
    updates: readonly StepUpdate[],
    grants: readonly Grant[],
    signal: AbortSignal,
  ): Promise<void>
  report(lease: Lease, updates: readonly StepUpdate[], signal: AbortSignal): Promise<void>
  /** Gives the number of the next line that the archive is missing. */
  segment(lease: Lease, key: LogKey, segment: LogSegment): Promise<number>
  reopen(lease: Lease, key: LogKey): Promise<number>
  seal(lease: Lease, key: LogKey, seal: LogSeal): Promise<void>
  /** Asked three times: a step's end must not wait for its card. */
  card(lease: Lease, key: LogKey, card: StepCard): Promise<void>
  finish(lease: Lease, result: StageResult): Promise<void>
  release(lease: Lease, reason: string): Promise<void>
  acknowledge(lease: Lease, updates: readonly StepUpdate[]): Promise<void>
  close(): void
}

export const createWorkerApi = (options: WorkerApiOptions): WorkerApi => {
  let token = ''
  let registering: Promise<RegisterReply> | null = null
  let isSuperseded = false
  const environment = shortVariables(options.environment ?? {})

  const rpc = createRpcClient({
    ...options,
    // The API forgot this boot (its database was replaced, or a copy of this worker registered): introduce it again.
    onUnauthorized: async (signal) => {
      if (token === '' || isSuperseded) return
      options.log.warn('the API does not know this worker any more; registering again')
      // Where that fails, the call that asked for it is refused again and comes back here after its back-off.
      await register(signal).catch((err: unknown) => {
        options.log.debug('registering again failed', { err })
        if (!isWaggleError(err, 'conflict') || err.code !== 'superseded' || isSuperseded) return
        isSuperseded = true
        options.onSuperseded()
      })
    },
  })

  const register = (signal: AbortSignal): Promise<RegisterReply> => {
    registering ??= rpc
      .call({
        path: workerPaths.register,
        body: {
          protocol: protocolVersion,
          workerId: options.identity.workerId,
          bootId: options.identity.bootId,
          isAgain: token !== '',
          name: options.name,
          version: options.version,
          slots: options.slots,
          profile: options.profile,
        },
        reply: registerReply,
        credential: () => options.secret,
        signal,
        // After the first time the caller's own repeating is enough.
        ...(token === '' ? {} : { tries: 1 }),
      })
      .then((reply) => {
        token = reply.token
        return reply
      })
      .finally(() => {
        registering = null
      })
    return registering
  }

  const credential = () => token
  const onAttempt = (lease: Lease, signal: AbortSignal = lease.calls) => ({
    credential,
    headers: { [leaseHeader]: lease.token },
    signal,
    reply: okReply,
  })
  const call = <T>(wanted: RpcCall<T>) => rpc.call(wanted)
  /** Calls that tell a step's end carry the seals of logs that are complete. */
  const tell = async (
    lease: Lease,
    path: (stageId: number) => string,
    body: object,
    signal?: AbortSignal,
  ): Promise<void> => {
    const { seals } = lease
    await call({
      ...onAttempt(lease, signal),
      path: path(lease.ref.stageId),
      body: { attempt: lease.ref.attempt, ...body, seals },
    })
    lease.dropSeals(seals)
  }

  return {
    register,
    heartbeatUrl: rpc.urlOf(workerPaths.heartbeat).href,
    credential,
    heartbeat: (attempts, signal) =>
      call({
        path: workerPaths.heartbeat,
        body: { attempts },
        reply: heartbeatReply,
        credential,
        signal,
        tries: 2,
      }),
    held: async (attempts, signal, told) => {
      const reply = await call({
        path: workerPaths.held,
        body: { attempts, ...told },
        reply: heldReply,
        credential,
        signal,
        tries: 1,
      })
      return reply.held
    },
    take: async (waitMs, signal) => {
      const reply = await call({
        path: workerPaths.take,
        body: { waitMs },
        reply: takeReply,
        credential,
        signal,
        tries: 2,
        deadlineMs: waitMs + 10_000,
      })
      return reply.offer
    },
    accept: (offer, requestId, { signal, lastTry, canFence = false }) =>
      call({
        path: workerPaths.accept(offer.stageId),
        body: { attempt: offer.attempt, requestId, environment, canFence },
        reply: acceptReply,
        credential,
        signal,
        lastTry,
      }),
    start: async (lease, steps, grants, signal) => {
      const body = { attempt: lease.ref.attempt, steps, grants }
      await call({ ...onAttempt(lease, signal), path: workerPaths.start(lease.ref.stageId), body })
    },
    grant: (lease, updates, grants, signal) =>
      tell(lease, workerPaths.grant, { updates, grants }, signal),
    report: (lease, updates, signal) => tell(lease, workerPaths.report, { updates }, signal),
    segment: async (lease, key, segment) => {
      const { attempt, step, try: tryNumber } = key
      const { first, count, bytes } = segment
      const reply = await call({
        ...onAttempt(lease),
        path: workerPaths.segment(lease.ref.stageId),
        query: { attempt, step, try: tryNumber, first, count, bytes },
        body: segment.data,
        reply: segmentReply,
        deadlineMs: 30_000,
      })
      return reply.next
    },
    reopen: async (lease, key) => {
      const reply = await call({
        ...onAttempt(lease),
        path: workerPaths.reopen(lease.ref.stageId),
        body: { attempt: key.attempt, step: key.step, try: key.try },
        reply: segmentReply,
        tries: 1,
      })
      return reply.next
    },
    seal: async (lease, key, seal) => {
      const body = { attempt: key.attempt, step: key.step, try: key.try, seal }
      await call({ ...onAttempt(lease), path: workerPaths.seal(lease.ref.stageId), body })
    },
    card: async (lease, key, { schema, data }) => {
      const body = { attempt: key.attempt, step: key.step, try: key.try, schema }
      await call({
        ...onAttempt(lease),
        path: workerPaths.card(lease.ref.stageId),
        body: { ...body, data: JSON.parse(data) as unknown },
        tries: 3,
      })
    },
    finish: async (lease, result) => {
      const { status, exitCode, error, updates } = result
      await tell(lease, workerPaths.finish, { status, exitCode, error, updates })
    },
    release: async (lease, reason) => {
      const body = { attempt: lease.ref.attempt, reason }
      await call({ ...onAttempt(lease), path: workerPaths.release(lease.ref.stageId), body })
    },
    acknowledge: (lease, updates) => tell(lease, workerPaths.acknowledge, { updates }),
    close: () => rpc.close(),
  }
}

/** Those that a secret's name may be made of: none of the names is longer than 200 characters. */
const shortVariables = (variables: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(variables).filter(([name, value]) => name.length <= 200 && value.length <= 200),
  )
