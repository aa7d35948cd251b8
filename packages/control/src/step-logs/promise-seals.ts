import type { LogKey, OutboxRow, Step, Stores } from '@waggle/domain'

const sealedBefore: ReadonlySet<Step['status']> = new Set(['success', 'failure'])

/** Promises to close the logs of an attempt that ends, where its worker did not seal one: the step was killed before
 *  its container was started, or its lines could not be kept. Readers wait for the seal, so without it they would wait
 *  for ever. A step that passed or failed was sealed before that was told; it is not asked for. */
export const promiseSeals = async (
  stores: Stores,
  steps: readonly Step[],
  { stageId, attempt }: Pick<LogKey, 'stageId' | 'attempt'>,
): Promise<readonly OutboxRow[]> => {
  for (const step of steps) {
    if (sealedBefore.has(step.status)) continue
    for (let granted = 1; granted <= step.grantedTry; granted++) {
      const key = { stageId, attempt, step: step.number, try: granted }
      if ((await stores.logs.findSeal(key)) === null)
        return stores.outbox.add([{ kind: 'orphan_logs', stageId, attempt }])
    }
  }
  return []
}
