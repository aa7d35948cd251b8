import { deniedNetworks } from './denied-networks.ts'
import { setting, types } from './setting.ts'
import { subnetBlock } from './subnet-block.ts'

/** Settings of a worker. */
export const workerSettings = {
  server: setting('WAGGLE_SERVER_URL', types.text('http://127.0.0.1:8080'), 'Address of the API.', {
    fallback: '`http://127.0.0.1:8080`',
  }),
  secret: setting(
    'WAGGLE_WORKER_SECRET',
    types.text(),
    'Shared secret with which the worker registers.',
    {
      aliases: ['DRONE_RPC_SECRET'],
      isSecret: true,
    },
  ),
  name: setting('WAGGLE_WORKER_NAME', types.optionalText(), 'Name shown to people.', {
    fallback: 'host name',
    aliases: ['DRONE_RUNNER_NAME'],
  }),
  type: setting(
    'WAGGLE_WORKER_TYPE',
    types.choice(['docker', 'exec'], 'docker'),
    'Type of pipelines that this worker runs.',
    { fallback: '`docker`' },
  ),
  slots: setting(
    'WAGGLE_WORKER_SLOTS',
    types.integer(2, { min: 1, max: 10_000 }),
    'How many stages run at once.',
    { fallback: '2', aliases: ['DRONE_RUNNER_CAPACITY'] },
  ),
  os: setting('WAGGLE_WORKER_OS', types.optionalText(), 'Operating system offered to stages.', {
    fallback: 'that of the machine',
    aliases: ['DRONE_PLATFORM_OS'],
  }),
  arch: setting('WAGGLE_WORKER_ARCH', types.optionalText(), 'Architecture offered to stages.', {
    fallback: 'that of the machine',
    aliases: ['DRONE_PLATFORM_ARCH'],
  }),
  variant: setting(
    'WAGGLE_WORKER_VARIANT',
    types.text(''),
    'Variant of the architecture, such as `v7`.',
    {
      fallback: 'none',
      aliases: ['DRONE_PLATFORM_VARIANT'],
    },
  ),
  kernel: setting(
    'WAGGLE_WORKER_KERNEL',
    types.text(''),
    'Version of the operating system, such as `1809`.',
    {
      fallback: 'none',
      aliases: ['DRONE_PLATFORM_KERNEL'],
    },
  ),
  labels: setting('WAGGLE_WORKER_LABELS', types.map(), 'Labels, `key:value,key2:value2`.', {
    fallback: 'none',
    aliases: ['DRONE_RUNNER_LABELS'],
  }),
  labelMatch: setting(
    'WAGGLE_WORKER_LABEL_MATCH',
    types.choice(['equal', 'subset'], 'equal'),
    "`equal`: a stage's labels must be exactly the worker's. `subset`: they must be among them.",
    { fallback: '`equal`' },
  ),
  dataFolder: setting(
    'WAGGLE_WORKER_DATA_FOLDER',
    types.text('.waggle/worker'),
    'Folder of the worker: its identity and, for exec pipelines, the workspaces. Several workers may share it; each takes a free subfolder.',
    { fallback: '`.waggle/worker`' },
  ),
  maxSteps: setting(
    'WAGGLE_WORKER_MAX_STEPS',
    types.integer(0),
    'Most steps at once over all stages of this worker; 0 = no limit.',
    { fallback: '0', aliases: ['DRONE_RUNNER_MAX_PROCS'] },
  ),
  drainSeconds: setting(
    'WAGGLE_WORKER_DRAIN_SECONDS',
    types.integer(1_800),
    'How long running stages may go on after SIGTERM before they are cancelled.',
    { fallback: '1800' },
  ),
  port: setting(
    'WAGGLE_WORKER_PORT',
    types.integer(0, { max: 65_535 }),
    'Port of `/healthz`, `/readyz`, `/metrics` and the status page of the worker; 0 = none.',
    { fallback: '0' },
  ),
  uiUsername: setting(
    'WAGGLE_WORKER_UI_USERNAME',
    types.text('admin'),
    'Name that opens the status page of the worker.',
    { fallback: '`admin`', aliases: ['DRONE_UI_USERNAME'] },
  ),
  uiPassword: setting(
    'WAGGLE_WORKER_UI_PASSWORD',
    types.optionalText(),
    'Password that opens the status page of the worker: its stages, its state and its log, on the port of `WAGGLE_WORKER_PORT`.',
    { fallback: 'no status page', aliases: ['DRONE_UI_PASSWORD'], isSecret: true },
  ),
  uiRealm: setting(
    'WAGGLE_WORKER_UI_REALM',
    types.text('Waggle worker'),
    'What browsers show when they ask for that password.',
    { fallback: '`Waggle worker`', aliases: ['DRONE_UI_REALM'] },
  ),
  uiDisabled: setting(
    'WAGGLE_WORKER_UI_DISABLED',
    types.flag(false),
    'No status page, whatever the password.',
    { fallback: 'false', aliases: ['DRONE_UI_DISABLE'] },
  ),
  dockerSocket: setting(
    'WAGGLE_DOCKER_SOCKET',
    types.text('/var/run/docker.sock'),
    'Socket of the container engine.',
    { fallback: '`/var/run/docker.sock`' },
  ),
  dockerSubnets: setting(
    'WAGGLE_DOCKER_SUBNETS',
    // The engine's own pools end after 31 networks (reliability.md M-14); this block after 1,024.
    subnetBlock({ block: '10.213.0.0/16', prefix: 26 }),
    "IPv4 block that the stages' networks are cut from, and the prefix of each, `block:prefix`; a network of prefix 26 holds 61 containers.",
    { fallback: '`10.213.0.0/16:26`' },
  ),
  stepFirewall: setting(
    'WAGGLE_STEP_FIREWALL',
    types.flag(true),
    "Refuse steps link-local addresses, where clouds tell a machine's credentials, and `WAGGLE_DENIED_NETWORKS`, by rules of this machine's `iptables`. Where it cannot, the worker says so and goes on.",
    { fallback: 'true' },
  ),
  deniedNetworks: setting(
    'WAGGLE_DENIED_NETWORKS',
    deniedNetworks(),
    'IPv4 networks that steps cannot connect to, `10.0.0.0/8,192.168.0.0/16`; `host` = this machine itself.',
    { fallback: 'link-local addresses' },
  ),
  dockerStreamPull: setting(
    'WAGGLE_DOCKER_STREAM_PULL',
    types.flag(true),
    "Show the progress of an image's pull among the step's lines.",
    { fallback: 'true', aliases: ['DRONE_DOCKER_STREAM_PULL'] },
  ),
  pidsLimit: setting(
    'WAGGLE_PIDS_LIMIT',
    types.integer(2_048),
    'Most processes and threads of each step; 0 = no limit.',
    { fallback: '2048' },
  ),
  cards: setting(
    'WAGGLE_WORKER_CARDS',
    types.flag(true),
    'Take cards, which plugins print to show their result, out of the log and keep them.',
    { fallback: 'true', aliases: ['DRONE_FLAG_ENABLE_CARDS'] },
  ),
  hostPaths: setting(
    'WAGGLE_WORKER_HOST_PATHS',
    types.list(['/']),
    'Folders of this machine that pipelines of trusted repositories may mount; `/` = all, `none` = none.',
    { fallback: '`/`' },
  ),
  strictContainers: setting(
    'WAGGLE_STRICT_CONTAINERS',
    types.flag(false),
    'Steps get few capabilities, can gain no privileges, and run below an init process. Some images need more.',
    { fallback: 'false' },
  ),
  cloneImage: setting(
    'WAGGLE_CLONE_IMAGE',
    types.text('drone/git:latest'),
    'Image of the implicit clone step.',
    { fallback: '`drone/git:latest`', aliases: ['DRONE_RUNNER_CLONE_IMAGE'] },
  ),
  cacheHours: setting(
    'WAGGLE_CACHE_HOURS',
    types.integer(336, { min: 1, max: 100_000 }),
    'How long cache volumes are kept unused, in hours.',
    { fallback: '336' },
  ),
  cacheBytes: setting(
    'WAGGLE_CACHE_BYTES',
    types.integer(21_474_836_480),
    'Most bytes that all cache volumes hold together; beyond it the longest unused go. 0 = no limit.',
    { fallback: '20 GiB' },
  ),
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
  dockerConfig: setting(
    'WAGGLE_DOCKER_CONFIG',
    types.text(''),
    "File with registry credentials in the form of Docker's `config.json`, for images that no `image_pull_secrets` covers. Forks get none.",
    { fallback: 'none', aliases: ['DRONE_DOCKER_CONFIG'] },
  ),
  privilegedPluginVolumes: setting(
    'WAGGLE_PRIVILEGED_PLUGIN_VOLUMES',
    types.flag(false),
    'Let plugins of the privileged list mount volumes, but not over system folders.',
    { fallback: 'false', aliases: ['DRONE_FLAG_ALLOW_DOCKER_PLUGIN_VOLUMES'] },
  ),
  privilegedImages: setting(
    'WAGGLE_PRIVILEGED_IMAGES',
    types.list(),
    'Plugin images that run privileged, besides the built-in list.',
    { fallback: 'none', aliases: ['DRONE_RUNNER_PRIVILEGED_IMAGES'] },
  ),
  limitRepos: setting(
    'WAGGLE_LIMIT_REPOS',
    types.list(),
    'Patterns of the repositories whose stages this worker runs, such as `acme/*`; stages of others end in error.',
    { fallback: 'all', aliases: ['DRONE_LIMIT_REPOS'] },
  ),
  limitEvents: setting(
    'WAGGLE_LIMIT_EVENTS',
    types.list(),
    'Events whose stages this worker runs, such as `push,tag`; stages of others end in error.',
    { fallback: 'all', aliases: ['DRONE_LIMIT_EVENTS'] },
  ),
  limitTrusted: setting(
    'WAGGLE_LIMIT_TRUSTED',
    types.flag(false),
    'Run stages of trusted repositories only; those of others end in error.',
    { fallback: 'false', aliases: ['DRONE_LIMIT_TRUSTED'] },
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
  networkOptions: setting(
    'WAGGLE_WORKER_NETWORK_OPTIONS',
    types.map(),
    "Driver options of each stage's network, `key:value`.",
    { fallback: 'none', aliases: ['DRONE_RUNNER_NETWORK_OPTS'] },
  ),
  netrcCloneOnly: setting(
    'WAGGLE_NETRC_CLONE_ONLY',
    types.flag(false),
    'Give the clone credential to the clone step only.',
    { fallback: 'false', aliases: ['DRONE_NETRC_CLONE_ONLY'] },
  ),
  tmateEnabled: setting(
    'WAGGLE_TMATE_ENABLED',
    types.flag(false),
    'Let failing steps of debug builds wait for somebody who joins them by tmate.',
    { fallback: 'false', aliases: ['DRONE_TMATE_ENABLED'] },
  ),
  tmateImage: setting(
    'WAGGLE_TMATE_IMAGE',
    types.text('drone/drone-runner-docker:1'),
    'Image that brings tmate: its `/bin/drone-runner-docker copy` puts it into `/usr/drone/bin`.',
    { fallback: '`drone/drone-runner-docker:1`', aliases: ['DRONE_TMATE_IMAGE'] },
  ),
  tmateHost: setting(
    'WAGGLE_TMATE_HOST',
    types.text(''),
    'Host of a tmate server; steps are told of it (`DRONE_TMATE_…`).',
    { fallback: 'none', aliases: ['DRONE_TMATE_HOST'] },
  ),
  tmatePort: setting('WAGGLE_TMATE_PORT', types.text(''), 'Port of the tmate server.', {
    fallback: 'none',
    aliases: ['DRONE_TMATE_PORT'],
  }),
  tmateFingerprintRsa: setting(
    'WAGGLE_TMATE_FINGERPRINT_RSA',
    types.text(''),
    "Fingerprint of the tmate server's RSA key.",
    { fallback: 'none', aliases: ['DRONE_TMATE_FINGERPRINT_RSA'] },
  ),
  tmateFingerprintEd25519: setting(
    'WAGGLE_TMATE_FINGERPRINT_ED25519',
    types.text(''),
    "Fingerprint of the tmate server's Ed25519 key.",
    { fallback: 'none', aliases: ['DRONE_TMATE_FINGERPRINT_ED25519'] },
  ),
  tmateAuthorizedKeys: setting(
    'WAGGLE_TMATE_AUTHORIZED_KEYS',
    types.text(''),
    'Who may join a tmate session: public keys as in `authorized_keys`, or what tmate takes as `tmate-authorized-keys`, such as `github:name`.',
    { fallback: 'none', aliases: ['DRONE_TMATE_AUTHORIZED_KEYS'] },
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
