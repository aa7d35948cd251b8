import { Buffer } from 'node:buffer'
import type { ControlDeps } from '@waggle/control'
import { createConverter } from '@waggle/convert'
import { type Database, silentLogger, systemClock, type Timers } from '@waggle/domain'
import { openLiveLog } from '@waggle/logs'
import { ManifestThread } from '@waggle/pipeline'
import { openPublisher, openSignals } from '@waggle/queue'
import type { RedisAddress } from '@waggle/redis'
import { createGitSource } from '@waggle/scm'
import { createSealer, newToken, tokenHash } from '@waggle/secrets'

/** What one API process decides with: its own connections to a Redis, on a database that is open. */
export const openDeps = async ({
  database,
  redis,
  timers,
  sealKey,
  folder,
}: {
  readonly database: Database
  readonly redis: RedisAddress
  readonly timers: Timers
  /** 32 bytes in hex: processes of one installation have the same. */
  readonly sealKey: string
  /** Repositories below it may be cloned. */
  readonly folder: string
}): Promise<{ readonly deps: ControlDeps; close(): Promise<void> }> => {
  const log = silentLogger
  const offers = await openPublisher({ redis, log, timers })
  const signals = await openSignals({ redis, log })
  const liveLog = openLiveLog({ redis, log })
  const manifests = new ManifestThread()
  const deps: ControlDeps = {
    database,
    offers,
    signals,
    liveLog,
    source: createGitSource({ localFolders: [folder], log, timeoutMs: 20_000 }),
    converter: createConverter({ isJsonnetEnabled: true, importLimit: 10 }),
    manifests,
    log,
    timers,
    clock: systemClock,
    sealer: createSealer({ current: { id: 'test', key: Buffer.from(sealKey, 'hex') } }),
    system: { proto: 'http', host: 'localhost', link: 'http://localhost', version: 'test' },
    newToken,
    hashToken: tokenHash,
  }
  return {
    deps,
    close: async () => {
      await manifests.close()
      await liveLog.close()
      await signals.close()
      await offers.close()
    },
  }
}
