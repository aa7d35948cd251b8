import type { BuildChange, CancelMessage, Signals, Unsubscribe } from '@waggle/domain'
import { ask, connectRedis, type RedisDeps } from '@waggle/redis'
import { queueKeys } from './queue-keys.ts'

// Often enough that a subscriber on a dead socket notices within its socket timeout.
const pingMs = 5_000
/** After a refusal, as by a user who may not read the channel yet, or a Redis that still loads. */
const subscribeAgainMs = 1_000

interface RedisSignals extends Signals {
  /** Whether Redis answers, asked on this connection: at most 2 s, and at once while the connection is lost. */
  isAnswered(): Promise<boolean>
  close(): Promise<void>
}

/** Cancel calls and the change feed, by pub/sub. Every message may be lost; each has a row in SQL behind it. */
export const openSignals = async (deps: RedisDeps): Promise<RedisSignals> => {
  const keys = queueKeys(deps.redis.prefix)
  const redis = connectRedis(deps, 'signals', {
    // Done below, where the gap is told too.
    autoResubscribe: false,
  })
  const watchers = new Map<string, Set<Watcher>>()
  const refused = new Set<string>()
  const ping = setInterval(() => void redis.ping().catch(() => undefined), pingMs)
  ping.unref()

  redis.on('message', (channel: string, text: string) => {
    for (const watcher of watchers.get(channel) ?? []) watcher.onMessage(text)
  })
  redis.on('ready', () => {
    for (const channel of watchers.keys()) listenAgain(channel)
  })

  /** Until it succeeds; where the connection is lost meanwhile, the next one does it. */
  const listenAgain = (channel: string): void => {
    redis.subscribe(channel).then(
      // The gap is told once listening is sure, so that what is read again now misses nothing.
      () => {
        for (const watcher of watchers.get(channel) ?? []) watcher.onGap()
      },
      () => listenLater(channel),
    )
  }

  const listenLater = (channel: string): void => {
    if (refused.has(channel)) return
    refused.add(channel)
    const timer = setTimeout(() => {
      refused.delete(channel)
      if (redis.status === 'ready' && watchers.has(channel)) listenAgain(channel)
    }, subscribeAgainMs)
    timer.unref()
  }

  const watch = async (channel: string, watcher: Watcher): Promise<Unsubscribe> => {
    const list = watchers.get(channel) ?? new Set()
    watchers.set(channel, list.add(watcher))
    // While Redis is away this returns all the same; the first connection then counts as a gap.
    await ask(redis, () => redis.subscribe(channel)).catch(() => listenLater(channel))
    return async () => {
      list.delete(watcher)
      if (list.size > 0) return
      watchers.delete(channel)
      await redis.unsubscribe(channel).catch(() => undefined)
    }
  }

  const tell = (channel: string, message: object): Promise<number> =>
    ask(redis, () => redis.publish(channel, JSON.stringify(message)))

  return {
    notifyCancel: (workerId, message) => tell(keys.cancels(workerId), message),
    watchCancels: (workerId, { onCancel, onGap }) =>
      watch(keys.cancels(workerId), makeWatcher(parseCancel, onCancel, onGap)),
    publishChange: async (change) => {
      await tell(keys.changes, change)
    },
    watchChanges: ({ onChange, onGap }) =>
      watch(keys.changes, makeWatcher(parseChange, onChange, onGap)),
    isAnswered: () =>
      ask(redis, () => redis.ping()).then(
        () => true,
        () => false,
      ),
    close: async () => {
      clearInterval(ping)
      redis.disconnect(false)
    },
  }
}

interface Watcher {
  readonly onMessage: (text: string) => void
  readonly onGap: () => void
}

const makeWatcher = <T>(
  parse: (raw: Record<string, unknown>) => T | null,
  onMessage: (message: T) => void,
  onGap: () => void,
): Watcher => ({
  onMessage: (text) => {
    const message = parse(parseObject(text))
    if (message) onMessage(message)
  },
  onGap,
})

const parseObject = (text: string): Record<string, unknown> => {
  if (text.length > 1_000) return {}
  try {
    const raw: unknown = JSON.parse(text)
    return typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

const parseCancel = ({ stageId, attempt }: Record<string, unknown>): CancelMessage | null =>
  isCount(stageId) && isCount(attempt) ? { stageId, attempt } : null

const parseChange = ({ repoId, buildId, version }: Record<string, unknown>): BuildChange | null =>
  isCount(repoId) && isCount(buildId) && isCount(version) ? { repoId, buildId, version } : null
