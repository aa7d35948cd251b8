export { type LiveLines, openLiveLog } from './live-lines.ts'
export { readArchivedLines, readStepLog, type StepLogDeps } from './read-step-log.ts'
