export {
  type Accepted,
  type AcceptQuestion,
  type AcceptRefused,
  type AcceptResult,
  acceptStage,
} from './accept.ts'
export { acknowledgeCancel } from './acknowledge.ts'
export { type Advance, advanceBuild } from './advance-build.ts'
export { approveStage } from './approve.ts'
export { archiveOrphanLogs } from './archive-orphan-logs.ts'
export { authenticateWorker } from './authenticate-worker.ts'
export { type CancelResult, cancelBuild } from './cancel.ts'
export type { ControlDeps } from './control-deps.ts'
export { declineBuild, declineStage } from './decline.ts'
export { mayOffer, publishOffers } from './dispatch.ts'
export { drainWorker, removeWorker, resumeWorker } from './drain-worker.ts'
export { explainPlan, type PlanQuestion } from './explain-plan.ts'
export { explainWait } from './explain/explain-wait.ts'
export { sayReason } from './explain/say-reason.ts'
export { type StageOutlook, stageOutlooks } from './explain/stage-outlooks.ts'
export type { AwaitedStage, Span, WaitReason, WaitReport } from './explain/wait-reason.ts'
export { type BuildWarning, warnUnserved } from './explain/warn-unserved.ts'
export { finishStage } from './finish.ts'
export { grantSteps, reportSteps } from './grant.ts'
export { type HeartbeatAnswer, heartbeat, heldAttempts } from './heartbeat.ts'
export { installationOf } from './installation.ts'
export { isPaused } from './is-paused.ts'
export { pauseQueue, resumeQueue } from './pause.ts'
export { listWorkers, type WorkerView, type WorkerViews } from './list-workers.ts'
export { orgSecretPlace, repoSecretPlace, secretPlace } from './places.ts'
export type { PlanReport, SecretReport, StageReport, StepReport } from './plan-report.ts'
export { planRequest } from './plan-request.ts'
export { issueShape, planShape } from './plan-shape.ts'
export { offerAfterLoss, Reconciler } from './reconcile.ts'
export type { LeaseOutcome, LeaseRefused } from './refusal.ts'
export { type RegisterQuestion, type RegisterResult, registerWorker } from './register-worker.ts'
export { releaseStage } from './release.ts'
export { LimitCheck } from './limits/check-limits.ts'
export { findHolds } from './limits/find-holds.ts'
export { freeCleanedUp, freePlace } from './limits/lost-place.ts'
export { type Hold, hasLimits, whyHeld } from './limits/why-held.ts'
export { removeRepo } from './remove-repo.ts'
export { resolveStages, type StageChanges } from './resolve-stages.ts'
export { encryptForFile, signFile } from './sign-file.ts'
export { startStage } from './start.ts'
export { type RunningTimers, startTimers } from './start-timers.ts'
export {
  archiveSegment,
  reopenLog,
  type SegmentOutcome,
  type StepLogName,
  sealLog,
} from './step-logs.ts'
export { putCard, storeStepCard } from './store-card.ts'
export type { SubmitRequest, SubmitResult } from './submit-request.ts'
export { submitBuild } from './trigger.ts'
export { type WorkerState, workerStates } from './worker-state.ts'
