import { extensionSettings } from './extension-settings.ts'
import { housekeepingSettings } from './housekeeping-settings.ts'
import { setting, types } from './setting.ts'
import { statusSettings } from './status-settings.ts'

/** Settings of the API process. */
export const apiSettings = {
  host: setting(
    'WAGGLE_API_HOST',
    types.text('127.0.0.1'),
    'Address to listen on; `0.0.0.0` for all.',
    {
      fallback: '`127.0.0.1`',
    },
  ),
  port: setting(
    'WAGGLE_API_PORT',
    types.integer(8080, { min: 0, max: 65_535 }),
    'Port to listen on; 0 takes a free one and logs it.',
    { fallback: '8080' },
  ),
  serverHost: setting(
    'WAGGLE_SERVER_HOST',
    types.text('localhost:8080'),
    'Host (and port) under which people reach the server; used in links and in `DRONE_SYSTEM_HOST`.',
    { fallback: '`localhost:8080`', aliases: ['DRONE_SERVER_HOST'] },
  ),
  serverProto: setting(
    'WAGGLE_SERVER_PROTO',
    types.choice(['http', 'https'], 'http'),
    'Scheme under which people reach the server.',
    { fallback: '`http`', aliases: ['DRONE_SERVER_PROTO'] },
  ),
  databaseUrl: setting(
    'WAGGLE_DATABASE_URL',
    types.optionalText(),
    '`postgres://user:password@host/name` for PostgreSQL 13 or newer. Without it the embedded SQLite file in the data folder is used, by one API process.',
    { fallback: 'SQLite in the data folder', isSecret: true },
  ),
  databasePool: setting(
    'WAGGLE_DATABASE_POOL_SIZE',
    types.integer(10, { min: 1, max: 500 }),
    'Most connections to PostgreSQL of one process.',
    { fallback: '10', aliases: ['DRONE_DATABASE_MAX_CONNECTIONS'] },
  ),
  dataFolder: setting(
    'WAGGLE_DATA_FOLDER',
    types.text('.waggle'),
    'Folder of the SQLite file, the generated encryption key and the first admin token.',
    { fallback: '`.waggle`' },
  ),
  secretKey: setting(
    'WAGGLE_SECRET_KEY',
    types.optionalText(),
    'Key that encrypts secrets at rest: 32 bytes as 64 hex digits or as base64. The same for every API process of an installation. Without it one is made and kept in the data folder.',
    { fallback: 'made at first start', isSecret: true },
  ),
  workerSecret: setting(
    'WAGGLE_WORKER_SECRET',
    types.optionalText(),
    'Shared secret with which workers register. Without it no worker can.',
    { fallback: 'workers are refused', aliases: ['DRONE_RPC_SECRET'], isSecret: true },
  ),
  adminLogin: setting(
    'WAGGLE_ADMIN_LOGIN',
    types.text('admin'),
    'Login of the first admin, made at first start.',
    {
      fallback: '`admin`',
    },
  ),
  adminToken: setting(
    'WAGGLE_ADMIN_TOKEN',
    types.optionalText(),
    'Token of the first admin. Without it one is made at first start and written to `admin-token` in the data folder.',
    { fallback: 'made at first start', isSecret: true },
  ),
  gitLocalFolders: setting(
    'WAGGLE_GIT_LOCAL_FOLDERS',
    types.list(),
    'Folders below which `file://` repositories may be read by the server.',
    { fallback: 'none' },
  ),
  gitPrivateHosts: setting(
    'WAGGLE_GIT_PRIVATE_HOSTS',
    types.flag(true),
    'Whether the server may read git repositories at loopback and private addresses, where a git server of your own usually is. Link-local and cloud metadata addresses are never read.',
    { fallback: 'true' },
  ),
  gitUsername: setting(
    'WAGGLE_GIT_USERNAME',
    types.text(''),
    'Account that steps clone private repositories with, from the host of the registered address.',
    { fallback: 'none', aliases: ['DRONE_GIT_USERNAME'] },
  ),
  gitPassword: setting('WAGGLE_GIT_PASSWORD', types.text(''), 'Its password or token.', {
    fallback: 'none',
    aliases: ['DRONE_GIT_PASSWORD'],
    isSecret: true,
  }),
  gitAlwaysAuth: setting(
    'WAGGLE_GIT_ALWAYS_AUTH',
    types.flag(false),
    'Clone public repositories with that account too; forks never do.',
    { fallback: 'false', aliases: ['DRONE_GIT_ALWAYS_AUTH'] },
  ),
  gitTimeoutSeconds: setting(
    'WAGGLE_GIT_TIMEOUT_SECONDS',
    types.integer(60, { min: 1, max: 3_600 }),
    'How long reading a commit of a git repository may take.',
    { fallback: '60' },
  ),
  jsonnetEnabled: setting(
    'WAGGLE_JSONNET_ENABLED',
    types.flag(true),
    'Whether pipeline files that end in `.jsonnet` are converted. Templates in Jsonnet always are. The program `jsonnet` has to be installed beside the server.',
    { fallback: 'true', aliases: ['DRONE_JSONNET_ENABLED'] },
  ),
  jsonnetImportLimit: setting(
    'WAGGLE_JSONNET_IMPORT_LIMIT',
    types.integer(50, { min: 0, max: 500 }),
    'Most files of the repository that one conversion of a Jsonnet file may import; 0 forbids imports.',
    { fallback: '50', aliases: ['DRONE_JSONNET_IMPORT_LIMIT'] },
  ),
  pipelineBytes: setting(
    'WAGGLE_PIPELINE_BYTES',
    types.integer(1_048_576, { min: 1_024, max: 1_048_576 }),
    'Largest pipeline file that is read; the build of a larger one ends in error.',
    { fallback: '1 MiB' },
  ),
  partitionsPerRepo: setting(
    'WAGGLE_PARTITIONS_PER_REPO',
    types.integer(100, { min: 1, max: 100_000 }),
    'Most kinds of workers (platform and labels) that the unfinished stages of one repository may ask for; a build beyond it ends in error.',
    { fallback: '100' },
  ),
  workerSlots: setting(
    'WAGGLE_API_WORKER_SLOTS',
    types.integer(0, { max: 10_000 }),
    "Slots of a worker that the API runs itself, for an installation of one process; 0 = none. It has the worker's other settings. It stays off where `WAGGLE_WORKER_SECRET` lets other workers in.",
    { fallback: '0' },
  ),
  workerAlways: setting(
    'WAGGLE_API_WORKER_ALWAYS',
    types.flag(false),
    'Run that worker also where other workers are let in, and with `WAGGLE_WORKER_SLOTS` slots where its own number is 0.',
    { fallback: 'false', aliases: ['DRONE_AGENTS_DISABLED'] },
  ),
  ...housekeepingSettings,
  metricsAnonymous: setting(
    'WAGGLE_METRICS_ANONYMOUS',
    types.flag(false),
    'Whether `/metrics` answers without a token.',
    { fallback: 'false', aliases: ['DRONE_PROMETHEUS_ANONYMOUS_ACCESS'] },
  ),
  ...extensionSettings,
  ...statusSettings,
}
