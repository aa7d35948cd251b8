import { setting, types } from './setting.ts'

/** Settings of every process. */
export const sharedSettings = {
  timeScale: setting(
    'WAGGLE_TIME_SCALE',
    types.decimal(1),
    'Factor on all timers of heartbeat, lease and reconciler; for tests.',
    { fallback: '1' },
  ),
  logLevel: setting(
    'WAGGLE_LOG_LEVEL',
    types.choice(['error', 'warn', 'info', 'debug'], 'info'),
    'Least serious level that is logged.',
    { fallback: '`info`' },
  ),
  logFormat: setting(
    'WAGGLE_LOG_FORMAT',
    types.choice(['json', 'text'], 'json'),
    'Form of the process log on standard error.',
    { fallback: '`json`' },
  ),
  redisUrl: setting(
    'WAGGLE_REDIS_URL',
    types.text('redis://127.0.0.1:6379'),
    'Address of Redis 6.2 or newer, with password where it has one (`redis://:password@host:6379/0`, `rediss://` for TLS).',
    { fallback: '`redis://127.0.0.1:6379`', aliases: ['DRONE_REDIS_CONNECTION'], isSecret: true },
  ),
  redisPrefix: setting(
    'WAGGLE_REDIS_PREFIX',
    types.text('{waggle}'),
    'Prefix of every key; the braces keep all keys in one slot. The same for every process of an installation.',
    { fallback: '`{waggle}`' },
  ),
}
