import type { Clock, Logger } from '@waggle/domain'
import type { EngineClient } from './engine-client.ts'
import { statusOf } from './translate-error.ts'

export interface StopDeps {
  readonly client: EngineClient
  readonly clock: Clock
  readonly log: Logger
}

/** SIGTERM, `graceMs`, SIGKILL; a paused container is woken first, for it takes no signal. `over` ends it early: the
 *  container has ended. Never throws; while the engine is away it keeps trying until `over`. */
export const stopContainer = async (
  deps: StopDeps,
  id: string,
  graceMs: number,
  over: AbortSignal,
): Promise<void> => {
  await untilTaken(deps, id, 'SIGTERM', over)
  await deps.clock.sleep(graceMs, over).catch(() => undefined)
  await untilTaken(deps, id, 'SIGKILL', over)
}

const untilTaken = async (
  deps: StopDeps,
  id: string,
  name: 'SIGTERM' | 'SIGKILL',
  over: AbortSignal,
): Promise<void> => {
  for (let attempt = 0; !over.aborted; attempt++) {
    try {
      await signal(deps.client, id, name)
      return
    } catch (err) {
      // 404 and 409: gone, or not running any more.
      if (statusOf(err) === 404 || statusOf(err) === 409) return
      deps.log.debug('signal not taken by the container engine', { err, name })
      await deps.clock.sleep(Math.min(2_000, 100 * 2 ** attempt), over).catch(() => undefined)
    }
  }
}

const signal = async (client: EngineClient, id: string, name: string): Promise<void> => {
  const found = await client.call<{ State?: { Paused?: boolean } }>(
    'GET',
    `/containers/${id}/json`,
    { deadlineMs: 10_000 },
  )
  if (found.State?.Paused) await client.call('POST', `/containers/${id}/unpause`)
  await client.call('POST', `/containers/${id}/kill`, {
    query: { signal: name },
    deadlineMs: 10_000,
  })
}
