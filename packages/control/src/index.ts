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
export { type CancelResult, type CancelWish, cancelBuild } from './cancel.ts'
export { cancelOpen } from './cancel-open.ts'
export { Cleanup } from './cleanup/cleanup.ts'
export type { ControlDeps } from './control-deps.ts'
export { countWorkers, type WorkerCounts } from './count-workers.ts'
export {
  type CronChange,
  type CronWish,
  changeCron,
  createCron,
  runCron,
} from './cron/keep-crons.ts'
export { runDueCrons } from './cron/run-due-crons.ts'
export { declineBuild, declineStage } from './decline.ts'
export { mayOffer, publishOffers } from './dispatch.ts'
export { drainWorker, removeWorker, resumeWorker } from './drain-worker.ts'
export { explainWait } from './explain/explain-wait.ts'
export { sayReason } from './explain/say-reason.ts'
export { type StageOutlook, stageOutlooks } from './explain/stage-outlooks.ts'
export type { AwaitedStage, Span, WaitReason, WaitReport } from './explain/wait-reason.ts'
export { type BuildWarning, warnUnserved } from './explain/warn-unserved.ts'
export { explainPlan, type PlanQuestion } from './explain-plan.ts'
export { admitUser } from './extensions/admit-user.ts'
export { finishStage } from './finish.ts'
export { grantSteps, reportSteps } from './grant.ts'
export { type HeartbeatAnswer, heartbeat, heldAttempts } from './heartbeat.ts'
export { defaultHousekeeping, type Housekeeping } from './housekeeping.ts'
export { installationOf } from './installation.ts'
export { isPaused } from './is-paused.ts'
export { LimitCheck } from './limits/check-limits.ts'
export { findHolds } from './limits/find-holds.ts'
export { freeCleanedUp, freePlace, freeRemoved } from './limits/lost-place.ts'
export { type Hold, hasLimits, whyHeld } from './limits/why-held.ts'
export { listWorkers, type WorkerView, type WorkerViews } from './list-workers.ts'
export { OrderKeeper } from './order/keep-order.ts'
export { pauseQueue, resumeQueue } from './pause.ts'
export { orgSecretPlace, repoSecretPlace, secretPlace } from './places.ts'
export type { PlanReport, SecretReport, StageReport, StepReport } from './plan-report.ts'
export { planRequest } from './plan-request.ts'
export { issueShape, planShape } from './plan-shape.ts'
export { pumpOutbox } from './pump-outbox.ts'
export { purge } from './purge/purge.ts'
export { purgeBuilds } from './purge/purge-builds.ts'
export { Reaper } from './reap.ts'
export { ReaperHealth } from './reaper-health.ts'
export { offerAfterLoss, Reconciler } from './reconcile.ts'
export type { LeaseOutcome, LeaseRefused } from './refusal.ts'
export { type RegisterQuestion, type RegisterResult, registerWorker } from './register-worker.ts'
export { releaseStage } from './release.ts'
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
export type { BodyFacts, SubmitRequest, SubmitResult } from './submit-request.ts'
export type { Restart } from './trigger/copy-request.ts'
export { ignoreDelivery } from './trigger/ignore-delivery.ts'
export { type Promotion, promoteBuild } from './trigger/promote.ts'
export { noteDelivery, refuseDelivery } from './trigger/record-delivery.ts'
export { redeliver } from './trigger/redeliver.ts'
export { restartBuild } from './trigger/restart.ts'
export { resumeDeliveries } from './trigger/resume-deliveries.ts'
export { retryFailed } from './trigger/retry-failed.ts'
export { submitBuild } from './trigger.ts'
export { type OutgoingWebhooks, promiseWebhooks } from './webhooks/promise-webhooks.ts'
export { WebhookSender, type WebhookSenderDeps } from './webhooks/webhook-sender.ts'
