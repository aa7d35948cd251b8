import { setting, types } from './setting.ts'

/** What every step of a worker is given, and how much it may take. */
export const stepSettings = {
  volumes: setting(
    'WAGGLE_WORKER_VOLUMES',
    types.map(),
    'Folders of this machine mounted into every step, `host:container[:ro]`.',
    { fallback: 'none', aliases: ['DRONE_RUNNER_VOLUMES'] },
  ),
  networks: setting(
    'WAGGLE_WORKER_NETWORKS',
    types.list(),
    'Networks that every step is connected to.',
    {
      fallback: 'none',
      aliases: ['DRONE_RUNNER_NETWORKS'],
    },
  ),
  environment: setting('WAGGLE_WORKER_ENVIRONMENT', types.map(), 'Variables of every step.', {
    fallback: 'none',
    aliases: ['DRONE_RUNNER_ENVIRON'],
  }),
  environmentFile: setting(
    'WAGGLE_WORKER_ENVIRONMENT_FILE',
    types.variablesFile(),
    'File with more variables of every step, a line `NAME=value` each; they win over those of the setting.',
    { fallback: 'none', aliases: ['DRONE_RUNNER_ENV_FILE', 'DRONE_RUNNER_ENVFILE'] },
  ),
  secrets: setting(
    'WAGGLE_WORKER_SECRETS',
    types.map(),
    'Secrets of this worker, `name:value,name2:value2`, for pipelines that name one the server does not have. Pull requests get none.',
    { fallback: 'none', aliases: ['DRONE_RUNNER_SECRETS'], isSecret: true },
  ),
  netrcCloneOnly: setting(
    'WAGGLE_NETRC_CLONE_ONLY',
    types.flag(false),
    'Give the clone credential to the clone step only.',
    { fallback: 'false', aliases: ['DRONE_NETRC_CLONE_ONLY'] },
  ),
  memoryLimitBytes: setting(
    'WAGGLE_MEMORY_LIMIT_BYTES',
    types.integer(0),
    'Memory of each step; 0 = no limit.',
    {
      fallback: '0',
      aliases: ['DRONE_MEMORY_LIMIT'],
    },
  ),
  memorySwapLimitBytes: setting(
    'WAGGLE_MEMORY_SWAP_LIMIT_BYTES',
    types.integer(0),
    'Memory and swap of each step together; 0 = no limit.',
    { fallback: '0', aliases: ['DRONE_MEMORY_SWAP_LIMIT'] },
  ),
  shmBytes: setting('WAGGLE_SHM_SIZE_BYTES', types.integer(0), "Size of each step's `/dev/shm`.", {
    fallback: "the engine's",
    aliases: ['DRONE_SHM_SIZE'],
  }),
  cpuPeriod: setting(
    'WAGGLE_CPU_PERIOD',
    types.integer(0),
    "Period of each step's CPU quota, µs.",
    {
      fallback: "the engine's",
      aliases: ['DRONE_CPU_PERIOD'],
    },
  ),
  cpuQuota: setting('WAGGLE_CPU_QUOTA', types.integer(0), 'CPU time of each step per period, µs.', {
    fallback: 'no limit',
    aliases: ['DRONE_CPU_QUOTA'],
  }),
  cpuShares: setting('WAGGLE_CPU_SHARES', types.integer(0), 'Relative weight of each step.', {
    fallback: "the engine's",
    aliases: ['DRONE_CPU_SHARES'],
  }),
  cpuSet: setting('WAGGLE_CPU_SET', types.list(), 'Processors that steps may use.', {
    fallback: 'all',
    aliases: ['DRONE_CPU_SET'],
  }),
  pidsLimit: setting(
    'WAGGLE_PIDS_LIMIT',
    types.integer(2_048),
    'Most processes and threads of each step; 0 = no limit.',
    { fallback: '2048' },
  ),
  httpProxy: setting(
    'WAGGLE_WORKER_HTTP_PROXY',
    types.optionalText(),
    'Proxy that steps are told of (`http_proxy`).',
    { fallback: "that of the worker's environment", aliases: ['HTTP_PROXY', 'http_proxy'] },
  ),
  httpsProxy: setting(
    'WAGGLE_WORKER_HTTPS_PROXY',
    types.optionalText(),
    'Proxy that steps are told of (`https_proxy`).',
    { fallback: "that of the worker's environment", aliases: ['HTTPS_PROXY', 'https_proxy'] },
  ),
  noProxy: setting(
    'WAGGLE_WORKER_NO_PROXY',
    types.optionalText(),
    'Hosts that steps reach without a proxy (`no_proxy`).',
    { fallback: "that of the worker's environment", aliases: ['NO_PROXY', 'no_proxy'] },
  ),
  allProxy: setting(
    'WAGGLE_WORKER_ALL_PROXY',
    types.optionalText(),
    'Proxy that steps are told of (`all_proxy`).',
    { fallback: "that of the worker's environment", aliases: ['ALL_PROXY', 'all_proxy'] },
  ),
  execPath: setting(
    'WAGGLE_WORKER_EXEC_PATH',
    types.text('/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'),
    "`PATH` of the steps of exec pipelines; besides it only `USER` of the worker's environment reaches them.",
    { fallback: "the worker's `PATH`", aliases: ['DRONE_RUNNER_PATH', 'PATH'] },
  ),
  execUser: setting(
    'WAGGLE_WORKER_EXEC_USER',
    types.text(''),
    '`USER` of the steps of exec pipelines.',
    { fallback: "the worker's `USER`", aliases: ['USER'] },
  ),
}
