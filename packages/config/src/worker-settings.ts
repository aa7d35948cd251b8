import { deniedNetworks } from './denied-networks.ts'
import { setting, types } from './setting.ts'
import { stepSettings } from './step-settings.ts'
import { subnetBlock } from './subnet-block.ts'
import { tmateSettings } from './tmate-settings.ts'

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
  networkOptions: setting(
    'WAGGLE_WORKER_NETWORK_OPTIONS',
    types.map(),
    "Driver options of each stage's network, `key:value`.",
    { fallback: 'none', aliases: ['DRONE_RUNNER_NETWORK_OPTS'] },
  ),
  ...stepSettings,
  ...tmateSettings,
}
