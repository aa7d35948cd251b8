import type { ControlDeps } from '@waggle/control'
import type { Metrics } from '@waggle/telemetry'
import type { Background } from './background.ts'
import type { ChangeFeed } from './change-feed.ts'

/** What the routes need. */
export interface ApiDeps {
  readonly control: ControlDeps
  readonly metrics: Metrics
  readonly feed: ChangeFeed
  readonly background: Background
  /** Folders below which local repositories may be named. */
  readonly localFolders: readonly string[]
  readonly metricsAnonymous: boolean
  /** Fires when the server stops. */
  readonly closing: AbortSignal
}
