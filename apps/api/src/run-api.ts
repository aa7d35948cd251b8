import type { Server } from 'node:http'
import { apiSettings, processEnvironment, type SettingValues, sharedSettings } from '@waggle/config'
import { authenticateWorker, type ControlDeps, countWorkers, startTimers } from '@waggle/control'
import { createConverter } from '@waggle/convert'
import {
  type Build,
  type Clock,
  type Logger,
  type Repo,
  scaledTimers,
  systemClock,
  type WebhookCall,
} from '@waggle/domain'
import { openLiveLog } from '@waggle/logs'
import { ManifestThread } from '@waggle/pipeline'
import { openPublisher, openSignals, openStalledChecks, watchRedis } from '@waggle/queue'
import { createGitSource } from '@waggle/scm'
import { newToken, tokenHash, tokensEqual } from '@waggle/secrets'
import { createLogger, createMetrics } from '@waggle/telemetry'
import type { ApiDeps } from './api-deps.ts'
import { Background } from './background.ts'
import { ChangeFeed } from './change-feed.ts'
import { embeddedSlots, ownUrl } from './embedded-slots.ts'
import { startEmbeddedWorker } from './embedded-worker.ts'
import {
  checkKey,
  ensureAdmin,
  type FirstAdmin,
  openDataFolder,
  readSealer,
} from './first-start.ts'
import { housekeepingOf } from './housekeeping-of.ts'
import { createApp } from './http/app.ts'
import type { Identities } from './http/guard.ts'
import type { Route } from './http/route.ts'
import { listen } from './listen.ts'
import { LoadReader } from './load-reader.ts'
import { openDatabase } from './open-database.ts'
import { openExtensions, openWebhooks } from './operator-services.ts'
import { allRoutes } from './routes/all-routes.ts'
import { version } from './version.ts'
import { buildEventBody, newBuildBody } from './webhook-bodies.ts'

type ApiSettings = SettingValues<typeof apiSettings> & SettingValues<typeof sharedSettings>
export const allApiSettings = { ...sharedSettings, ...apiSettings }

export interface RunningApi {
  readonly port: number
  /** The first admin, where this start made the token. */
  readonly firstAdmin: FirstAdmin | null
  readonly log: Logger
  readonly routes: readonly Route[]
  /** Takes nothing new, finishes what runs (at most 25 s), ends streams, closes everything. */
  stop(): Promise<void>
}

/** The API process: opens what it needs, in order, and listens. Throws with a sentence for the user where the settings
 *  cannot work; `signal` ends the waiting for a database. */
export const runApi = async (settings: ApiSettings, signal: AbortSignal): Promise<RunningApi> => {
  const log = createLogger({ level: settings.logLevel, format: settings.logFormat })
  const timers = scaledTimers(settings.timeScale)
  const clock: Clock = systemClock
  const closing = new AbortController()
  const redis = { url: settings.redisUrl, prefix: settings.redisPrefix }
  const closers: (() => Promise<void> | void)[] = []
  const closeAll = async () => {
    closing.abort()
    // What cannot be closed must not keep the rest open.
    for (const close of closers.splice(0).reverse())
      await Promise.resolve(close()).catch((err: unknown) => log.warn('closing failed', { err }))
  }
  try {
    await openDataFolder(settings.dataFolder)
    const sealer = await readSealer(settings.secretKey, settings.dataFolder)
    const database = await openDatabase(
      {
        url: settings.databaseUrl,
        poolSize: settings.databasePool,
        folder: settings.dataFolder,
        clock,
        log,
      },
      signal,
    )
    closers.push(() => database.close())
    await checkKey(database, sealer)
    const wish = { login: settings.adminLogin, token: settings.adminToken }
    const firstAdmin = await ensureAdmin(database, wish, settings.dataFolder, log)

    const whileAway = 'builds are taken but none starts until it does'
    await watchRedis({ redis, clock, log, whileAway }, closing.signal)
    const offers = await openPublisher({ redis, log, timers })
    closers.push(() => offers.close())
    const signals = await openSignals({ redis, log })
    closers.push(() => signals.close())
    const liveLog = openLiveLog({ redis, log })
    closers.push(() => liveLog.close())
    const stalled = openStalledChecks({ redis, log, timers })
    closers.push(() => stalled.close())

    const link = `${settings.serverProto}://${settings.serverHost}`
    const manifests = new ManifestThread({ textBytes: settings.pipelineBytes })
    closers.push(() => manifests.close())
    const system = { proto: settings.serverProto, host: settings.serverHost, link, version }
    const bodyOf = (call: WebhookCall) => buildEventBody(database, system, call)
    const bodyOfNew = (repo: Repo, build: Build) => newBuildBody(system, repo, build)
    const webhooks = openWebhooks(settings, { database, log, timers, bodyOf, bodyOfNew, link })
    closers.push(() => webhooks.stop())
    const control: ControlDeps = {
      database,
      offers,
      signals,
      liveLog,
      sealer,
      source: createGitSource({
        localFolders: settings.gitLocalFolders,
        allowPrivateHosts: settings.gitPrivateHosts,
        timeoutMs: settings.gitTimeoutSeconds * 1_000,
        log,
      }),
      converter: createConverter({
        isJsonnetEnabled: settings.jsonnetEnabled,
        importLimit: settings.jsonnetImportLimit,
        isExtensionLast: settings.convertMulti,
      }),
      manifests,
      clock,
      log,
      timers,
      housekeeping: housekeepingOf(settings),
      partitionsPerRepo: settings.partitionsPerRepo,
      cloneAccount: {
        username: settings.gitUsername,
        password: settings.gitPassword,
        always: settings.gitAlwaysAuth,
      },
      system,
      extensions: openExtensions(settings, log),
      webhooks,
      newToken,
      hashToken: tokenHash,
    }
    const running = startTimers(control)
    closers.push(() => running.stop())
    const feed = new ChangeFeed({ database, signals, log })
    await feed.start()
    closers.push(() => feed.stop())
    const background = new Background(log)
    closers.push(() => background.settled(finishWithinMs))

    const load = new LoadReader(database, clock)
    const metrics = createMetrics(async () => ({
      ...(await load.read()),
      workers: await countWorkers(control),
    }))
    const deps: ApiDeps = {
      control,
      metrics,
      feed,
      background,
      localFolders: settings.gitLocalFolders,
      metricsAnonymous: settings.metricsAnonymous,
      closing: closing.signal,
    }
    const embedded = embeddedSlots(settings, log)
    const secrets = embedded ? [settings.workerSecret, embedded.secret] : [settings.workerSecret]
    const identities = makeIdentities(control, secrets)
    const routes = allRoutes(deps)
    const app = createApp({
      routes,
      identities,
      log,
      metrics,
      closing: closing.signal,
    })
    const { server, port } = await listen(app, settings)
    closers.push(() => drain(server, closing))
    log.info('api listens', { port, version, url: link })
    if (embedded) {
      const server = ownUrl(settings.host, port)
      const { dataFolder } = settings
      const environment = processEnvironment()
      const given = { ...embedded, server, dataFolder, environment, clock, log }
      const worker = startEmbeddedWorker(given)
      // Closed first: its stages end while the API still answers.
      closers.push(() => worker.stop())
    }
    return { port, firstAdmin, log, routes, stop: closeAll }
  } catch (error) {
    await closeAll()
    throw error
  }
}

const makeIdentities = (
  control: ControlDeps,
  workerSecrets: readonly (string | undefined)[],
): Identities => ({
  findUser: (token) => control.database.users.findByTokenHash(control.hashToken(token)),
  findRepo: (slug) => control.database.repos.findBySlug(slug),
  permissions: control.database.permissions,
  findWorker: (token) => authenticateWorker(control, token),
  isWorkerSecret: (given) =>
    workerSecrets.some(
      (secret) => secret !== undefined && secret !== '' && tokensEqual(given, secret),
    ),
})

const finishWithinMs = 25_000

/** Stops listening, ends the streams, and waits for what is being answered. */
const drain = async (server: Server, closing: AbortController): Promise<void> => {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  closing.abort()
  const sweep = setInterval(() => server.closeIdleConnections(), 100)
  const limit = setTimeout(() => server.closeAllConnections(), finishWithinMs)
  server.closeIdleConnections()
  await closed
  clearInterval(sweep)
  clearTimeout(limit)
}
