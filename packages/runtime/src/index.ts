export { errorText } from './error-text.ts'
export { execute } from './execute.ts'
export type { ExecuteDeps, ExecuteResult, StopReason } from './execute-deps.ts'
export type { LineSink, StepBlock } from './line-sink.ts'
export { MaskSet, masksOf, maskText } from './mask-set.ts'
export { runSpec } from './run-spec.ts'
export type { StageReporter } from './stage-reporter.ts'
export {
  type StageRunStatus,
  type StageSnapshot,
  StageState,
  type StepSnapshot,
} from './stage-state.ts'
export { StepGraph } from './step-graph.ts'
export { StepLines } from './step-lines.ts'
export { StepLog, type StepLogOptions } from './step-output.ts'
