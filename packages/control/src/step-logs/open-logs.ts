import type { LogKey } from '@waggle/domain'
import type { TellDeps } from '../control-deps.ts'

/** Makes the streams of steps that were just granted. Without Redis the step runs all the same: its worker notices
 *  and asks to open the log again. */
export const openLogs = async (
  { liveLog, log }: Pick<TellDeps, 'liveLog' | 'log'>,
  buildId: number,
  keys: readonly LogKey[],
): Promise<void> => {
  await Promise.all(
    keys.map((key) =>
      liveLog.open(key).catch((err: unknown) => {
        const place = { 'build.id': buildId, 'stage.id': key.stageId, 'step.number': key.step }
        log.warn('live log was not opened', { ...place, err })
      }),
    ),
  )
}
