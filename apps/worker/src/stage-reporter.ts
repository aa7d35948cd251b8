import { type Grant, isWaggleError } from '@waggle/domain'
import type { StageReporter } from '@waggle/runtime'
import type { Lease } from './lease.ts'
import type { WorkerApi } from './worker-api.ts'

export interface LeasedReporter extends StageReporter {
  /** Whether a step may have been granted. Without, nothing can have run but the implicit clone. */
  readonly mayHaveRun: boolean
}

/** What a running stage tells and asks, over the worker protocol. A refused call ends the lease the way the refusal
 *  says: cancelled stops the steps, lost makes the run reject so that nothing more is said. */
export const createReporter = (
  api: Pick<WorkerApi, 'start' | 'grant' | 'report'>,
  lease: Lease,
): LeasedReporter => {
  // Fires with `lease.calls` as well: a lost lease ends its steps.
  const signal = lease.steps
  let mayHaveRun = false

  const ask = async (hasGrants: boolean, call: () => Promise<void>): Promise<boolean> => {
    // Set before the call: its answer may be lost after the API committed it.
    const before = mayHaveRun
    mayHaveRun ||= hasGrants
    try {
      await call()
      return true
    } catch (error) {
      if (isWaggleError(error, 'conflict')) {
        mayHaveRun = before
        if (error.code !== 'cancelled') lease.lose()
        else lease.cancel()
      }
      if (lease.state === 'held' && lease.steps.aborted) return false
      throw error
    }
  }

  return {
    get mayHaveRun() {
      return mayHaveRun
    },
    start: (steps, grants) =>
      ask(grants.some(counts), () => api.start(lease, steps, grants, signal)),
    grant: (grants, updates) =>
      ask(grants.some(counts), () => api.grant(lease, updates, grants, signal)),
    report: async (updates) => {
      await ask(false, () => api.report(lease, updates, signal))
    },
  }
}

const counts = ({ isImplicit }: Grant): boolean => isImplicit !== true
