import type {
  Clock,
  Converter,
  Database,
  Extensions,
  GitSource,
  Given,
  LiveLog,
  Logger,
  OfferPublisher,
  Sealer,
  Signals,
  Timers,
} from '@waggle/domain'
import type { ManifestThread } from '@waggle/pipeline'
import type { CloneAccount } from './hand-over/clone-netrc.ts'
import type { Housekeeping } from './housekeeping.ts'
import type { OutgoingWebhooks } from './webhooks/promise-webhooks.ts'

/** What deciding needs. Functions ask for the part of it that they use. */
export interface ControlDeps {
  readonly database: Database
  readonly offers: OfferPublisher
  readonly signals: Signals
  readonly liveLog: LiveLog
  readonly sealer: Sealer
  readonly source: GitSource
  readonly converter: Converter
  /** Reads pipeline files of strangers where they can do no harm. */
  readonly manifests: Pick<ManifestThread, 'plan'>
  readonly clock: Clock
  readonly log: Logger
  readonly timers: Timers
  readonly system: Given['system']
  /** Absent = steps clone without a credential. */
  readonly cloneAccount?: CloneAccount
  /** Most partitions that the unfinished stages of one repository may be in; absent = 100. */
  readonly partitionsPerRepo?: number
  /** Absent = the defaults. */
  readonly housekeeping?: Housekeeping
  /** Services of the operator that take part in decisions; absent = none. */
  readonly extensions?: Extensions
  /** Who is told of changes; absent = nobody. */
  readonly webhooks?: OutgoingWebhooks
  /** A new random token of at least 128 bits. */
  newToken(): string
  /** Lower-case hex SHA-256. */
  hashToken(token: string): string
}

/** What telling others after a commit needs. */
export type TellDeps = Pick<
  ControlDeps,
  'database' | 'offers' | 'signals' | 'liveLog' | 'log' | 'webhooks'
>
