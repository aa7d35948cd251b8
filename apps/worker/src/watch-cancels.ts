import type { Signals, Unsubscribe } from '@waggle/domain'
import type { Heartbeat } from './heartbeat.ts'
import type { HeldStages } from './held-stages.ts'

/** Listens on the worker's cancel channel. What comes out of Redis is a hint (design §3): whoever may write there must
 *  not be able to end a stage. So a cancel only sends a heartbeat at once, and its answer says what really was
 *  cancelled; it also notes when the worker saw it. */
export const watchCancels = (deps: {
  readonly signals: Pick<Signals, 'watchCancels'>
  readonly workerId: string
  readonly held: HeldStages
  readonly heartbeat: Pick<Heartbeat, 'beat'>
}): Promise<Unsubscribe> =>
  deps.signals.watchCancels(deps.workerId, {
    onCancel: (message) => {
      if (deps.held.find(message)) deps.heartbeat.beat()
    },
    // What was said meanwhile is lost; the heartbeat's answer has it.
    onGap: () => deps.heartbeat.beat(),
  })
