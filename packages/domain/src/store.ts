import type { AttemptStore } from './attempt.ts'
import type { BuildStore } from './build.ts'
import type { CardStore } from './card.ts'
import type { CronStore } from './cron.ts'
import type { DeadlineStore } from './deadline.ts'
import type { DeliveryStore } from './delivery.ts'
import type { LatestStore } from './latest.ts'
import type { LimitStore } from './limit.ts'
import type { LogArchive } from './line.ts'
import type { OrderStore } from './order.ts'
import type { OutboxStore } from './outbox.ts'
import type { PermissionStore } from './permission.ts'
import type { PurgeStore } from './purge.ts'
import type { RepoStore } from './repo.ts'
import type { OrgSecretStore, SecretStore } from './secret.ts'
import type { StageStore } from './stage.ts'
import type { StepStore } from './step.ts'
import type { TemplateStore } from './template.ts'
import type { SettingStore, TickStore } from './tick.ts'
import type { UserStore } from './user.ts'
import type { WebhookCallStore } from './webhook-call.ts'
import type { WorkerStore } from './worker.ts'

/** Every store, on one connection or in one transaction. SQL is the truth (design §3). */
export interface Stores {
  readonly repos: RepoStore
  readonly users: UserStore
  readonly permissions: PermissionStore
  readonly builds: BuildStore
  readonly stages: StageStore
  readonly steps: StepStore
  readonly attempts: AttemptStore
  readonly workers: WorkerStore
  readonly secrets: SecretStore
  readonly orgSecrets: OrgSecretStore
  readonly templates: TemplateStore
  readonly deliveries: DeliveryStore
  readonly latest: LatestStore
  readonly outbox: OutboxStore
  readonly limits: LimitStore
  readonly orders: OrderStore
  readonly webhookCalls: WebhookCallStore
  readonly crons: CronStore
  readonly purge: PurgeStore
  readonly deadlines: DeadlineStore
  readonly ticks: TickStore
  readonly settings: SettingStore
  readonly logs: LogArchive
  readonly cards: CardStore
  /** The database's clock, milliseconds since 1970. */
  now(): Promise<number>
}

/** Takes the last statements of a transaction. */
export type AtEnd = (...statements: readonly Promise<unknown>[]) => void

export interface Database extends Stores {
  /** Runs the work in one transaction: commits when it resolves, rolls back when it throws. Retried up to three
   *  times on serialization failures and deadlocks, so the work must not have effects outside of its stores. What is
   *  handed to `atEnd` is sent together with the COMMIT: statements (one each) whose answers decide nothing any more.
   *  One that fails takes back the whole transaction. */
  transaction<T>(work: (stores: Stores, atEnd: AtEnd) => Promise<T>): Promise<T>
  /** Cheap question whether the database answers; throws `unavailable` when it does not. */
  ping(): Promise<void>
  /** Gives up to `pages` unused pages of the file back to the disk, at once and in one piece; gives how many are left.
   *  0 where that is the database's own affair. */
  giveBackSpace(pages: number): Promise<number>
  close(): Promise<void>
}
