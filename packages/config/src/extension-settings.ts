import { type Setting, setting, types } from './setting.ts'

/** Names that Drone has for the parts of an endpoint; several where its runners had older ones. */
interface DroneNames {
  readonly endpoint: readonly string[]
  readonly secret: readonly string[]
  readonly skipVerify: readonly string[]
  readonly timeout?: readonly string[]
}

type EndpointSettings<K extends string> = {
  readonly [P in `${K}Endpoint` | `${K}Secret`]: Setting<string>
} & { readonly [P in `${K}SkipVerify`]: Setting<boolean> } & {
  readonly [P in `${K}TimeoutSeconds`]: Setting<number>
}

/** The four settings of one extension. */
const endpoint = <const K extends string>(
  key: K,
  kind: string,
  does: string,
  drone: DroneNames,
): EndpointSettings<K> => {
  const name = `WAGGLE_${kind.toUpperCase()}_EXTENSION`
  return {
    [`${key}Endpoint`]: setting(
      `${name}_ENDPOINT`,
      types.text(''),
      `Address of the ${kind} extension, which ${does} ([extensions](extensions.md)).`,
      { fallback: 'none', aliases: drone.endpoint, isSecret: true },
    ),
    [`${key}Secret`]: setting(
      `${name}_SECRET`,
      types.text(''),
      'Secret that its requests are signed with, and that its encrypted answers open with.',
      { fallback: 'empty', aliases: drone.secret, isSecret: true },
    ),
    [`${key}SkipVerify`]: setting(
      `${name}_SKIP_VERIFY`,
      types.flag(false),
      'Whether any TLS certificate of it is taken.',
      { fallback: 'false', aliases: drone.skipVerify },
    ),
    [`${key}TimeoutSeconds`]: setting(
      `${name}_TIMEOUT_SECONDS`,
      types.seconds(60, { min: 1, max: 600 }),
      'How long it may take to answer.',
      { fallback: '60', aliases: drone.timeout ?? [] },
    ),
  } as unknown as EndpointSettings<K>
}

const plugin = (prefix: string, timeout?: string): DroneNames => ({
  endpoint: [`${prefix}_ENDPOINT`],
  secret: [`${prefix}_SECRET`],
  skipVerify: [`${prefix}_SKIP_VERIFY`],
  ...(timeout === undefined ? {} : { timeout: [timeout] }),
})

/** Runners called the secret a token, and had shorter names before. */
const runnerPlugin = (kind: string, isOld = true): DroneNames => {
  const [now, before] = [`DRONE_${kind}_PLUGIN`, `DRONE_${kind}`]
  return {
    endpoint: [`${now}_ENDPOINT`, ...(isOld ? [`${before}_ENDPOINT`] : [])],
    secret: [`${now}_TOKEN`, `${now}_SECRET`, ...(isOld ? [`${before}_SECRET`] : [])],
    skipVerify: [`${now}_SKIP_VERIFY`, ...(isOld ? [`${before}_SKIP_VERIFY`] : [])],
  }
}

/** Settings of extensions and outgoing webhooks (scheduling.md §19.5, §20.1). */
export const extensionSettings = {
  ...endpoint(
    'configExtension',
    'config',
    'may give the pipeline file instead of the repository',
    plugin('DRONE_YAML', 'DRONE_YAML_TIMEOUT'),
  ),
  ...endpoint(
    'convertExtension',
    'convert',
    'may turn a file into a pipeline file',
    plugin('DRONE_CONVERT_PLUGIN', 'DRONE_CONVERT_TIMEOUT'),
  ),
  convertExtensionEnding: setting(
    'WAGGLE_CONVERT_EXTENSION_PATH_ENDING',
    types.text(''),
    'Only files whose path ends so are shown to it, such as `.star`.',
    { fallback: 'all files', aliases: ['DRONE_CONVERT_PLUGIN_EXTENSION'] },
  ),
  convertExtensionCacheSize: setting(
    'WAGGLE_CONVERT_EXTENSION_CACHE_SIZE',
    types.integer(10, { min: 0, max: 1_000 }),
    'How many of its answers are kept; 0 asks it each time.',
    { fallback: '10', aliases: ['DRONE_CONVERT_PLUGIN_CACHE_SIZE'] },
  ),
  convertMulti: setting(
    'WAGGLE_CONVERT_MULTI',
    types.flag(false),
    'Whether it also gets what Jsonnet or a template made.',
    { fallback: 'false', aliases: ['DRONE_CONVERT_MULTI'] },
  ),
  ...endpoint(
    'validateExtension',
    'validate',
    'may refuse, skip or block a build by its file',
    plugin('DRONE_VALIDATE_PLUGIN', 'DRONE_VALIDATE_TIMEOUT'),
  ),
  ...endpoint(
    'secretExtension',
    'secret',
    'gives the secrets that `kind: secret` documents point to',
    runnerPlugin('SECRET'),
  ),
  ...endpoint(
    'registryExtension',
    'registry',
    'gives credentials to pull images with',
    runnerPlugin('REGISTRY'),
  ),
  ...endpoint(
    'environmentExtension',
    'environment',
    'gives variables to all steps',
    runnerPlugin('ENV', false),
  ),
  ...endpoint(
    'admissionExtension',
    'admission',
    'says who may log in and who is an admin',
    plugin('DRONE_ADMISSION_PLUGIN'),
  ),
  extensionEncrypted: setting(
    'WAGGLE_EXTENSION_ENCRYPTED',
    types.flag(false),
    'Whether answers of the secret, registry and environment extensions have to be encrypted (`aesgcm`).',
    { fallback: 'false' },
  ),
  webhookEndpoint: setting(
    'WAGGLE_WEBHOOK_ENDPOINT',
    types.list(),
    'Addresses that are told of builds, repositories and users ([outgoing webhooks](webhooks-out.md)).',
    { fallback: 'nobody is told', aliases: ['DRONE_WEBHOOK_ENDPOINT'], isSecret: true },
  ),
  webhookSecret: setting(
    'WAGGLE_WEBHOOK_SECRET',
    types.text(''),
    'Secret that they are signed with.',
    { fallback: 'empty', aliases: ['DRONE_WEBHOOK_SECRET'], isSecret: true },
  ),
  webhookEvents: setting(
    'WAGGLE_WEBHOOK_EVENTS',
    types.list(),
    'Which of them are sent: patterns of `event:action` such as `build:*`, or an event alone.',
    { fallback: 'all', aliases: ['DRONE_WEBHOOK_EVENTS'] },
  ),
  webhookSkipVerify: setting(
    'WAGGLE_WEBHOOK_SKIP_VERIFY',
    types.flag(false),
    'Whether any TLS certificate of a receiver is taken.',
    { fallback: 'false', aliases: ['DRONE_WEBHOOK_SKIP_VERIFY'] },
  ),
  webhookTimeoutSeconds: setting(
    'WAGGLE_WEBHOOK_TIMEOUT_SECONDS',
    types.seconds(60, { min: 1, max: 600 }),
    'How long a receiver may take to answer.',
    { fallback: '60' },
  ),
  outgoingPrivateHosts: setting(
    'WAGGLE_OUTGOING_PRIVATE_HOSTS',
    types.flag(true),
    'Whether extensions and receivers of webhooks may be at loopback and private addresses. Link-local and cloud metadata addresses are never called.',
    { fallback: 'true' },
  ),
}
