import type {
  Attempt,
  Build,
  BuildDecisions,
  Cron,
  Delivery,
  OrgSecret,
  Repo,
  RepoRetention,
  RepoRights,
  Secret,
  Stage,
  Step,
  Template,
  User,
  WebhookCall,
  WorkerRecord,
} from '@waggle/domain'
import type { Generated } from 'kysely'

/** What lies in a column: maps and lists as JSON text, everything else as it is. */
type Cells<T> = {
  [K in keyof T]: T[K] extends boolean | number | string | Uint8Array | null ? T[K] : string
}

/** The tables in the words of the domain; Kysely's CamelCasePlugin turns `stepId` into `step_id`. */
export interface Schema {
  repos: Cells<Repo>
  /** loginKey: the login in lower case, for it is unique without case. */
  users: Cells<User> & { loginKey: string; tokenHash: string }
  permissions: RepoRights & { repoId: number; userId: number; createdAt: number; updatedAt: number }
  builds: Cells<Build> & { logsPurged: Generated<boolean> }
  /** Kept apart from builds, so that lists of builds do not read it. */
  manifests: {
    buildId: number
    manifest: string
    changedFiles: string
    skipped: string
    isText: boolean
  } & BuildDecisions
  /** pendingAt: when the stage last became pending. */
  stages: Required<Cells<Stage>> & { pendingAt: number }
  steps: Cells<Step>
  attempts: Cells<Attempt>
  workers: Cells<WorkerRecord>
  secrets: Cells<Secret>
  /** Keys: both names in lower case, for they are unique without case. */
  templates: Cells<Template> & { namespaceKey: string }
  orgSecrets: Cells<OrgSecret> & { namespaceKey: string; nameKey: string }
  deliveries: Cells<Delivery>
  /** The newest build of a branch, pull request or deployment target. */
  latestBuilds: { repoId: number; type: string; name: string; buildId: number }
  outbox: { id: number; message: string; createdAt: number }
  /** Repositories that have, or had, stages with limits: the row is locked where those are counted. */
  limitedRepos: { repoId: number }
  orderFlows: { partition: string; band: number; repoId: number; finish: number; usedAt: number }
  orderBases: { partition: string; band: number; base: number; isMoving: boolean }
  webhookCalls: Cells<WebhookCall>
  /** heldUntil: until when the holder alone sends · dueAt: nobody tries before. */
  webhookReceivers: { receiver: string; holder: string; heldUntil: number; dueAt: number }
  crons: Cells<Cron>
  retention: RepoRetention & { repoId: number }
  ticks: { name: string; dueAt: number; lateMs: number }
  settings: { name: string; value: string }
  cards: { stepId: number; data: string }
  logSegments: LogColumns & { first: number; count: number; bytes: number; data: Uint8Array }
  logSeals: LogColumns & { lines: number; bytes: number; crc32: number; gap: string }
}

interface LogColumns {
  stepId: number
  stageId: number
  attempt: number
  step: number
  try: number
}
