export type * from './attempt.ts'
export type * from './build.ts'
export { type CardStore, cardLimitBytes, type StepCard } from './card.ts'
export { type Clock, systemClock, toUnixSeconds } from './clock.ts'
export type * from './commit-status.ts'
export type * from './conversion.ts'
export type * from './cron.ts'
export type * from './deadline.ts'
export {
  type Delivery,
  type DeliveryEnd,
  type DeliveryFilter,
  type DeliveryOutcome,
  type DeliveryStore,
  type DeliveryWay,
  deliveryOutcomes,
  deliveryWays,
  type NewDelivery,
} from './delivery.ts'
export type * from './engine.ts'
export type * from './extension.ts'
export {
  type FailpointName,
  failpoint,
  failpointNames,
  failpoints,
  type Switchboard,
} from './failpoint.ts'
export type * from './git-source.ts'
export type * from './given.ts'
export { parseGoDuration } from './go-duration.ts'
export type * from './healthcheck.ts'
export { type Hook, makeHook } from './hook.ts'
export {
  type LatestKey,
  type LatestStore,
  type LatestType,
  latestKeyOf,
  latestTypes,
} from './latest.ts'
export type * from './limit.ts'
export {
  type Line,
  type LineBlock,
  type LiveLog,
  type LogArchive,
  type LogKey,
  type LogSeal,
  type LogSegment,
  logKeyText,
} from './line.ts'
export { LineBlockWriter, readLineBlock, sliceLineBlock } from './line-block.ts'
export { type LogFields, type Logger, silentLogger } from './logger.ts'
export type * from './offer.ts'
export {
  type BandBase,
  bandOf,
  bandWidth,
  type FarBand,
  type Flow,
  type LinePlace,
  mostPriority,
  type OrderStore,
  queueNumberOf,
} from './order.ts'
export { type Exposure, mayHaveSecret, type Origin, originOf } from './origin.ts'
export type * from './outbox.ts'
export {
  canServe,
  type Mismatch,
  type Partition,
  partitionName,
  partitionOf,
  type WorkerProfile,
  whatDiffers,
  whichDiffer,
  whyNotServe,
} from './partition.ts'
export {
  type Collaborator,
  impliedRights,
  type PermissionStore,
  type RepoRights,
} from './permission.ts'
export { type Labels, machinePlatform, type Platform } from './platform.ts'
export type * from './purge.ts'
export { isRefusedAddress } from './refused-address.ts'
export type * from './repo.ts'
export type * from './report.ts'
export {
  isRetriedOn,
  mostRetries,
  noRetry,
  type Retry,
  type RetryEnd,
  type RetryReason,
  timeoutExitCode,
} from './retry.ts'
export type * from './secret.ts'
export {
  type ErrPolicy,
  noLimits,
  type PullPolicy,
  type RunPolicy,
  type Spec,
  type SpecLimits,
  type SpecNetwork,
  type SpecSecret,
  type SpecStep,
  type SpecVolume,
} from './spec.ts'
export type * from './stage.ts'
export {
  type BuildStatus,
  buildStatuses,
  isDone,
  isFailed,
  mayMoveStage,
  type StageActor,
  type StageStatus,
  type Status,
  type StepStatus,
  stageStatuses,
  stageTransitions,
  stepStatuses,
} from './status.ts'
export type * from './step.ts'
export type * from './store.ts'
export { isTemplateName, type NewTemplate, type Template, type TemplateStore } from './template.ts'
export type * from './tick.ts'
export { scaledTimers, type Timers } from './timers.ts'
export type * from './user.ts'
export {
  cancelled,
  conflict,
  denied,
  type ErrorKind,
  internal,
  invalid,
  isWaggleError,
  notFound,
  timedOut,
  unavailable,
  WaggleError,
  type WaggleErrorOptions,
} from './waggle-error.ts'
export {
  type NewWebhookCall,
  type WebhookCall,
  type WebhookCallStore,
  type WebhookEvent,
  type WebhookLine,
  type WebhookReceiver,
  type WebhookState,
  webhookStates,
} from './webhook-call.ts'
export type * from './worker.ts'
