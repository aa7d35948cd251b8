import {
  acceptStage,
  acknowledgeCancel,
  approveStage,
  type ControlDeps,
  cancelBuild,
  finishStage,
  heartbeat,
  Reaper,
  ReaperHealth,
  Reconciler,
  submitBuild,
} from '@waggle/control'
import { isWaggleError } from '@waggle/domain'

/** What races ask of one API process: plain data in and out, so that it may be a process of its own. */
export const replicaOf = (deps: ControlDeps) => {
  const reconciler = new Reconciler(deps)
  return {
    submit: bound(submitBuild, deps),
    accept: bound(acceptStage, deps),
    finish: bound(finishStage, deps),
    cancel: bound(cancelBuild, deps),
    acknowledge: bound(acknowledgeCancel, deps),
    heartbeat: bound(heartbeat, deps),
    /** `false`: it came too late. */
    approve: (...given: WithoutDeps<typeof approveStage>): Promise<boolean> =>
      approveStage(deps, ...given).then(
        () => true,
        (error: unknown) => {
          if (isWaggleError(error, 'invalid')) return false
          throw error
        },
      ),
    reap: () => new Reaper(deps, new ReaperHealth(deps.clock, 0)).run(0),
    reconcile: () => reconciler.run(),
  } as const
}

export type Replica = ReturnType<typeof replicaOf>

type WithoutDeps<F> = F extends (deps: infer _, ...rest: infer R) => unknown ? R : never

const bound =
  <R extends readonly unknown[], T>(
    call: (deps: ControlDeps, ...rest: R) => Promise<T>,
    deps: ControlDeps,
  ): ((...rest: R) => Promise<T>) =>
  (...rest) =>
    call(deps, ...rest)
