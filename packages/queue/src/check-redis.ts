import { invalid, isWaggleError, unavailable } from '@waggle/domain'
import { ask, connectRedis, type Redis, type RedisDeps } from '@waggle/redis'

const oldest = [6, 2] as const

/** Looks at Redis once, at start (reliability.md R9): it answers, is 6.2 or newer, and evicts nothing. Throws
 *  `unavailable` when it does not answer and `invalid` when it cannot be used, each with a sentence that says what to
 *  do; warns where the policy may not be read. Gives the version. */
export const checkRedis = async (deps: RedisDeps): Promise<{ readonly version: string }> => {
  const redis = connectRedis(deps, 'check')
  let denied: Error | null = null
  redis.on('error', (error) => {
    if (/^(WRONGPASS|NOAUTH)/.test(error.message)) denied = error
  })
  try {
    const facts = parseInfo(await askInfo(redis))
    const version = facts.get('redis_version') ?? ''
    if (version !== '' && !isNewEnough(version))
      throw invalid(
        'redis_too_old',
        `Redis ${version} at ${place(deps.redis.url)} is too old: use 6.2 or newer`,
      )
    const policy = facts.get('maxmemory_policy') ?? (await askPolicy(redis))
    if (policy === null)
      deps.log.warn('redis hides its eviction policy; it must be noeviction', {
        url: place(deps.redis.url),
      })
    else if (policy !== 'noeviction')
      throw invalid(
        'redis_evicts',
        `Redis at ${place(deps.redis.url)} may drop keys (maxmemory-policy ${policy}): set maxmemory-policy noeviction`,
      )
    return { version }
  } catch (error) {
    if (denied)
      throw invalid(
        'redis_denied',
        `Redis at ${place(deps.redis.url)} refuses the user or password of WAGGLE_REDIS_URL`,
        { cause: denied },
      )
    throw isOutage(error)
      ? unavailable(
          'redis_unavailable',
          `Redis at ${place(deps.redis.url)} does not answer: start it, or set WAGGLE_REDIS_URL`,
          { cause: error },
        )
      : error
  } finally {
    redis.disconnect(false)
  }
}

const isOutage = (error: unknown): boolean =>
  isWaggleError(error) && error.code === 'redis_unavailable'

/** Empty where the user may not ask. */
const askInfo = async (redis: Redis): Promise<string> => {
  try {
    return await ask(redis, () => redis.info())
  } catch (error) {
    if (isWaggleError(error) && error.code === 'redis_refused') return ''
    throw error
  }
}

const askPolicy = async (redis: Redis): Promise<string | null> => {
  try {
    const reply = (await redis.config('GET', 'maxmemory-policy')) as readonly string[]
    return reply[1] ?? null
  } catch {
    return null
  }
}

const parseInfo = (text: string): ReadonlyMap<string, string> => {
  const facts = new Map<string, string>()
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) facts.set(line.slice(0, colon), line.slice(colon + 1))
  }
  return facts
}

const isNewEnough = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}

/** The address without its password. */
const place = (url: string): string => {
  try {
    return new URL(url).host || url
  } catch {
    return 'the given address'
  }
}
