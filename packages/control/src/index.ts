export { type Advance, advanceBuild } from './advance/advance-build.ts'
export { resolveStages, type StageChanges } from './advance/resolve-stages.ts'
export { Cleanup } from './cleanup/cleanup.ts'
export { Reaper } from './cleanup/reap.ts'
export { ReaperHealth } from './cleanup/reaper-health.ts'
export type { ControlDeps } from './control-deps.ts'
export {
  type CronChange,
  type CronWish,
  changeCron,
  createCron,
  runCron,
} from './cron/keep-crons.ts'
export { runDueCrons } from './cron/run-due-crons.ts'
export { approveStage } from './decisions/approve.ts'
export { type CancelResult, type CancelWish, cancelBuild } from './decisions/cancel.ts'
export { cancelOpen } from './decisions/cancel-open.ts'
export { declineBuild, declineStage } from './decisions/decline.ts'
export { isPaused } from './decisions/is-paused.ts'
export { pauseQueue, resumeQueue } from './decisions/pause.ts'
export { explainWait } from './explain/explain-wait.ts'
export { sayReason } from './explain/say-reason.ts'
export { type StageOutlook, stageOutlooks } from './explain/stage-outlooks.ts'
export type { AwaitedStage, Span, WaitReason, WaitReport } from './explain/wait-reason.ts'
export { type BuildWarning, warnUnserved } from './explain/warn-unserved.ts'
export { admitUser } from './extensions/admit-user.ts'
export {
  type Accepted,
  type AcceptQuestion,
  type AcceptRefused,
  type AcceptResult,
  acceptStage,
} from './hand-over/accept.ts'
export { acknowledgeCancel } from './hand-over/acknowledge.ts'
export { finishStage } from './hand-over/finish.ts'
export { grantSteps, reportSteps } from './hand-over/grant.ts'
export { type HeartbeatAnswer, heartbeat, heldAttempts } from './hand-over/heartbeat.ts'
export type { LeaseOutcome, LeaseRefused } from './hand-over/refusal.ts'
export { releaseStage } from './hand-over/release.ts'
export { startStage } from './hand-over/start.ts'
export { putCard, storeStepCard } from './hand-over/store-card.ts'
export { defaultHousekeeping, type Housekeeping } from './housekeeping.ts'
export { installationOf } from './installation.ts'
export { LimitCheck } from './limits/check-limits.ts'
export { findHolds } from './limits/find-holds.ts'
export { freeCleanedUp, freePlace, freeRemoved } from './limits/lost-place.ts'
export { type Hold, hasLimits, whyHeld } from './limits/why-held.ts'
export { mayOffer, publishOffers } from './offers/dispatch.ts'
export { pumpOutbox } from './offers/pump-outbox.ts'
export { offerAfterLoss, Reconciler } from './offers/reconcile.ts'
export { OrderKeeper } from './order/keep-order.ts'
export { orgSecretPlace, repoSecretPlace, secretPlace } from './places.ts'
export { explainPlan, type PlanQuestion } from './plan/explain-plan.ts'
export type { PlanReport, SecretReport, StageReport, StepReport } from './plan/plan-report.ts'
export { planRequest } from './plan/plan-request.ts'
export { issueShape, planShape } from './plan/plan-shape.ts'
export { purge } from './purge/purge.ts'
export { purgeBuilds } from './purge/purge-builds.ts'
export { removeRepo } from './remove-repo.ts'
export { type RunningTimers, startTimers } from './start-timers.ts'
export { archiveOrphanLogs } from './step-logs/archive-orphan-logs.ts'
export {
  archiveSegment,
  reopenLog,
  type SegmentOutcome,
  type StepLogName,
  sealLog,
} from './step-logs/step-logs.ts'
export type { Restart } from './trigger/copy-request.ts'
export { ignoreDelivery } from './trigger/ignore-delivery.ts'
export { type Promotion, promoteBuild } from './trigger/promote.ts'
export { noteDelivery, refuseDelivery } from './trigger/record-delivery.ts'
export { redeliver } from './trigger/redeliver.ts'
export { restartBuild } from './trigger/restart.ts'
export { resumeDeliveries } from './trigger/resume-deliveries.ts'
export { retryFailed } from './trigger/retry-failed.ts'
export { encryptForFile, signFile } from './trigger/sign-file.ts'
export type { BodyFacts, SubmitRequest, SubmitResult } from './trigger/submit-request.ts'
export { submitBuild } from './trigger/trigger.ts'
export { changeUser, createUser, removeUser } from './users/keep-users.ts'
export { CommitStatuses, type CommitStatusesDeps } from './webhooks/commit-statuses.ts'
export { type OutgoingWebhooks, promiseWebhooks } from './webhooks/promise-webhooks.ts'
export { WebhookSender, type WebhookSenderDeps } from './webhooks/webhook-sender.ts'
export { authenticateWorker } from './workers/authenticate-worker.ts'
export { countWorkers, type WorkerCounts } from './workers/count-workers.ts'
export { drainWorker, removeWorker, resumeWorker } from './workers/drain-worker.ts'
export { listWorkers, type WorkerView, type WorkerViews } from './workers/list-workers.ts'
export {
  type RegisterQuestion,
  type RegisterResult,
  registerWorker,
} from './workers/register-worker.ts'
