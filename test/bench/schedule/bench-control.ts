import { randomBytes } from 'node:crypto'
import type { ControlDeps } from '@waggle/control'
import { createConverter } from '@waggle/convert'
import { type Database, scaledTimers, silentLogger, systemClock } from '@waggle/domain'
import { openLiveLog } from '@waggle/logs'
import { ManifestThread } from '@waggle/pipeline'
import { openPublisher, openSignals, openStalledChecks } from '@waggle/queue'
import { createGitSource } from '@waggle/scm'
import { createSealer, newToken, tokenHash } from '@waggle/secrets'

export interface BenchControl {
  readonly deps: ControlDeps
  close(): Promise<void>
}

/** Control as an API process has it, on a database and a Redis that are there. */
export const openBenchControl = async (
  database: Database,
  redis: { readonly url: string; readonly prefix: string },
): Promise<BenchControl> => {
  const log = silentLogger
  const timers = scaledTimers()
  const offers = await openPublisher({ redis, log, timers })
  const signals = await openSignals({ redis, log })
  const liveLog = openLiveLog({ redis, log })
  // Puts back what a worker fetched without getting the answer.
  const stalled = openStalledChecks({ redis, log, timers })
  const manifests = new ManifestThread()
  return {
    deps: {
      ...{ database, offers, signals, liveLog, manifests, log, timers, newToken },
      clock: systemClock,
      source: createGitSource({ localFolders: [], log, timeoutMs: 20_000 }),
      converter: createConverter({ isJsonnetEnabled: false, importLimit: 0 }),
      sealer: createSealer({ current: { id: 'bench', key: randomBytes(32) } }),
      system: { proto: 'http', host: 'localhost', link: 'http://localhost', version: 'bench' },
      hashToken: tokenHash,
    },
    close: async () => {
      await manifests.close()
      await stalled.close()
      await liveLog.close()
      await signals.close()
      await offers.close()
      await database.close()
    },
  }
}
