import type { Spec } from '@waggle/domain'
import type { ExecuteDeps, ExecuteResult } from './execute-deps.ts'
import { StageRun } from './stage-run.ts'

/** Walks the graph of a stage that is set up: pipeline.md §14.4.
 *
 *  When `signal` fires the stage is cancelled: its steps get SIGTERM, `killGraceMs`, SIGKILL, and the result tells how
 *  it stands. Rejects when this worker can no longer run the stage (the reporter or a log's sink failed for good, or
 *  `signal` fired with a `conflict` as its reason: the lease is lost); by then no step runs, and nothing may be told. */
export const execute = (
  deps: ExecuteDeps,
  spec: Spec,
  signal: AbortSignal,
): Promise<ExecuteResult> => new StageRun(deps, spec).run(signal)
