import type { HeartbeatReply } from '@waggle/contract'
import type { AttemptRef, Clock, Logger } from '@waggle/domain'
import type { HeldStages } from './held-stages.ts'

export interface HeartbeatDeps {
  readonly send: (attempts: readonly AttemptRef[], signal: AbortSignal) => Promise<HeartbeatReply>
  readonly held: HeldStages
  readonly everyMs: number
  readonly clock: Clock
  readonly log: Logger
}

export interface Heartbeat {
  /** Sends one now: something may have been missed. */
  beat(): void
  /** Whether the API's last answer asked for taking nothing new. */
  readonly isDraining: boolean
  /** Notes that before the next answer says so. */
  drain(): void
  /** Whether the last one was answered. */
  readonly isAnswered: boolean
  stop(): Promise<void>
}

/** One heartbeat per worker, naming every attempt that it holds. Its answer says what was cancelled and which leases
 *  are lost (design §7). */
export const startHeartbeat = (deps: HeartbeatDeps): Heartbeat => {
  const stopping = new AbortController()
  let wake: () => void = () => undefined
  /** Asked for while one was under way, which may have been answered before what was missed. */
  let isAsked = false
  let isDraining = false
  let isAnswered = true

  const note = (isAsked: boolean): void => {
    if (isAsked === isDraining) return
    deps.log.info(isAsked ? 'drained: nothing new is taken' : 'stages are taken again')
    isDraining = isAsked
  }

  const once = async (): Promise<void> => {
    try {
      // Slower than the interval is as good as lost: the next one says the same with fresher names.
      const deadline = AbortSignal.timeout(Math.max(deps.everyMs, 2_000))
      const signal = AbortSignal.any([stopping.signal, deadline])
      const answer = await deps.send(deps.held.refs(), signal)
      if (!isAnswered) deps.log.info('the API answers heartbeats again')
      isAnswered = true
      note(answer.isDraining)
      apply(deps, answer)
    } catch (err) {
      if (stopping.signal.aborted) return
      if (isAnswered) deps.log.warn('no answer to the heartbeat; running stages go on', { err })
      isAnswered = false
    }
  }

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const pause = isAnswered ? deps.everyMs : Math.min(deps.everyMs, 1_000)
      const woken = new Promise<void>((resolve) => {
        wake = resolve
      })
      const waiting = new AbortController()
      await Promise.race([
        isAsked ? undefined : woken,
        deps.clock
          .sleep(pause, AbortSignal.any([stopping.signal, waiting.signal]))
          .catch(() => undefined),
      ])
      waiting.abort()
      isAsked = false
      if (!stopping.signal.aborted) await once()
    }
  }

  const running = run()
  return {
    beat: () => {
      isAsked = true
      wake()
    },
    drain: () => note(true),
    get isDraining() {
      return isDraining
    },
    get isAnswered() {
      return isAnswered
    },
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

const apply = (deps: HeartbeatDeps, answer: HeartbeatReply): void => {
  for (const ref of answer.cancelled) deps.held.find(ref)?.cancel()
  for (const ref of answer.lost) {
    const lease = deps.held.find(ref)
    if (lease?.state !== 'held') continue
    deps.log.warn('lease lost: the stage is not ours any more', {
      'stage.id': ref.stageId,
      attempt: ref.attempt,
    })
    lease.lose()
  }
}
