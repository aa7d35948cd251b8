import type { Given, Spec, SpecLimits, SpecStep, SpecVolume } from '@waggle/domain'
import {
  assignNamespaces,
  attemptName,
  baseEnvironment,
  type CompileResult,
  type CompileSettings,
  expandImage,
  findRegistryAuth,
  isFork,
  isPrivilegedPlugin,
  lintPipeline,
  netrcEnvironment,
  ownVolumePrefix,
  type Pipeline,
  type PipelineStep,
  posixScript,
  powershellScript,
  prepareStage,
  pullCredentials,
  type RegistryAuth,
  type SecretResolver,
  safeEnvironment,
  secretResolver,
  settingsToEnv,
  stageLabels,
  stageMasks,
  stepEdges,
  stepErrPolicy,
  stepLabels,
  stepPullPolicy,
  stepRunPolicy,
  stepSecrets,
  type Workspace,
  workspaceOf,
} from '@waggle/pipeline'

const workspaceVolume = '_workspace'

/** A docker pipeline as a spec (pipeline.md §12). Pure and deterministic: the same given stage compiles to the same
 *  spec, names included, so that a restarted worker finds its containers again (design §7). */
export const compileDocker = (given: Given, settings: CompileSettings): CompileResult => {
  const prepared = prepareStage(given, settings, 'docker', lintPipeline)
  if (prepared.kind === 'error') return prepared
  const { pipeline } = prepared
  const warnings = [...prepared.warnings]
  const context = makeContext(given, settings, pipeline, prepared.made, warnings)
  const steps = numberSteps(compileSteps(context), context)
  const spec: Spec = {
    platform: pipeline.platform,
    steps,
    volumes: compileVolumes(context),
    network: {
      id: `${context.name}-net`,
      labels: context.labels,
      options: settings.networkOptions,
    },
    masks: stageMasks(given, pipeline, context.resolve, context.auths),
    root: '',
  }
  return { kind: 'spec', spec, warnings }
}

interface Context {
  readonly given: Given
  readonly settings: CompileSettings
  readonly pipeline: Pipeline
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly workspace: Workspace
  readonly isWindows: boolean
  readonly base: Readonly<Record<string, string>>
  readonly made: Readonly<Record<string, string>>
  readonly resolve: SecretResolver
  readonly auths: readonly RegistryAuth[]
  readonly warn: (message: string) => void
}

const makeContext = (
  given: Given,
  settings: CompileSettings,
  pipeline: Pipeline,
  made: Readonly<Record<string, string>>,
  warnings: string[],
): Context => {
  const name = attemptName(given)
  const { os } = pipeline.platform
  const workspace = workspaceOf(pipeline.workspace, os, settings.localFolder)
  const resolve = secretResolver(given, settings)
  const warn = (message: string) => void warnings.push(message)
  const base = safeEnvironment({
    ...baseEnvironment(given, pipeline, settings),
    DRONE_WORKSPACE: workspace.full,
    DRONE_WORKSPACE_BASE: workspace.base,
    DRONE_WORKSPACE_PATH: workspace.path,
    DRONE_DOCKER_NETWORK_ID: `${name}-net`,
    ...(settings.localFolder === ''
      ? { DRONE_DOCKER_VOLUME_ID: `${name}-ws` }
      : { DRONE_DOCKER_VOLUME_PATH: settings.localFolder }),
  })
  return {
    given,
    settings,
    pipeline,
    name,
    labels: stageLabels(given, settings),
    workspace,
    isWindows: os === 'windows',
    base,
    made,
    resolve,
    auths: pullCredentials(pipeline, resolve, warn),
    warn,
  }
}

/** A step before its place in the list is known. */
type Draft = Omit<SpecStep, 'id' | 'number' | 'dependsOn' | 'namespace' | 'labels'>

const compileSteps = (context: Context): Draft[] => {
  const { services, steps, clone } = context.pipeline
  const isStep = (step: PipelineStep | null): step is PipelineStep => step !== null
  return [
    ...(clone.disable ? [] : [cloneStep(context)]),
    ...services.filter(isStep).map((step) => userStep({ ...step, detach: true }, context)),
    ...steps.filter(isStep).map((step) => userStep(step, context)),
  ]
}

/** pipeline.md §12.14. Without a source, or on a local directory, there is nothing to clone. */
const cloneStep = (context: Context): Draft => {
  const { given, settings, pipeline, workspace } = context
  const { depth, retries, skipVerify } = pipeline.clone
  const hasSource = given.build.cloneUrl !== '' && settings.localFolder === ''
  return {
    ...plainStep(context),
    name: 'clone',
    isImplicit: true,
    image: settings.cloneImage,
    environment: {
      ...context.base,
      ...(depth > 0 ? { PLUGIN_DEPTH: String(depth) } : {}),
      ...(retries > 0 ? { PLUGIN_RETRIES: String(retries) } : {}),
      ...(skipVerify ? { PLUGIN_SKIP_VERIFY: 'true', GIT_SSL_NO_VERIFY: 'true' } : {}),
      ...netrcEnvironment(given),
    },
    runPolicy: hasSource ? 'always' : 'never',
    pull: 'if-not-exists',
    workingDir: workspace.full,
    mounts: mounts([], context),
    auth: findRegistryAuth(context.auths, settings.cloneImage),
  }
}

const userStep = (step: PipelineStep, context: Context): Draft => {
  const { given, workspace } = context
  const image = expandImage(step.image).full
  const hasScript = step.commands.length > 0
  const script = hasScript ? scriptOf(step, context.isWindows) : ''
  return {
    ...plainStep(context),
    name: step.name,
    image,
    entrypoint: hasScript ? shell(context.isWindows) : step.entrypoint,
    command: hasScript ? [shellCommand(context.isWindows)] : step.command,
    environment: stepEnvironment(step, script, context),
    secrets: stepSecrets(step, context.resolve, context.warn),
    runPolicy: stepRunPolicy(step, given),
    errPolicy: stepErrPolicy(step.failure),
    detach: step.detach,
    privileged: isPrivileged(step, context),
    pull: stepPullPolicy(step.pull),
    user: step.user,
    workingDir: step.workingDir || (step.detach && !hasScript ? '' : workspace.full),
    mounts: mounts(step.volumes, context),
    devices: devices(step, context),
    dns: step.dns,
    dnsSearch: step.dnsSearch,
    extraHosts: step.extraHosts,
    network: step.networkMode,
    networks: step.networkMode === '' ? context.settings.networks : [],
    auth: findRegistryAuth(context.auths, image),
    limits: stepLimits(step, context.settings.limits),
    script,
  }
}

/** What steps have that say nothing. */
const plainStep = ({ settings }: Context): Draft => ({
  name: '',
  isImplicit: false,
  image: '',
  entrypoint: [],
  command: [],
  environment: {},
  secrets: [],
  runPolicy: 'on-success',
  errPolicy: 'fail',
  detach: false,
  privileged: false,
  pull: 'default',
  user: '',
  workingDir: '',
  mounts: [],
  devices: [],
  dns: [],
  dnsSearch: [],
  extraHosts: [],
  network: '',
  networks: settings.networks,
  auth: null,
  limits: settings.limits,
  script: '',
})

const scriptOf = (step: PipelineStep, isWindows: boolean): string =>
  isWindows ? powershellScript(step.commands) : posixScript(step.commands)

const shell = (isWindows: boolean): string[] =>
  isWindows ? ['powershell', '-noprofile', '-noninteractive', '-command'] : ['/bin/sh', '-c']

const shellCommand = (isWindows: boolean): string =>
  isWindows ? 'echo $Env:DRONE_SCRIPT | iex' : 'echo "$DRONE_SCRIPT" | /bin/sh'

/** Layers 11 to 16 of environment.md §2.1, over the base. */
const stepEnvironment = (
  step: PipelineStep,
  script: string,
  { given, settings, base, made, isWindows }: Context,
): Record<string, string> =>
  safeEnvironment({
    ...base,
    ...(settings.netrcCloneOnly ? {} : netrcEnvironment(given)),
    ...literals(step),
    ...settingsToEnv(step.settings),
    ...(script === '' ? {} : { ...made, DRONE_SCRIPT: script }),
    ...(script !== '' && isWindows ? { SHELL: 'powershell.exe' } : {}),
  })

const literals = (step: PipelineStep): Record<string, string> =>
  Object.fromEntries(
    Object.entries(step.environment).flatMap(([name, variable]) =>
      variable.kind === 'literal' ? [[name, variable.value]] : [],
    ),
  )

/** Lint has refused `privileged: true` of whoever may not; a listed plugin needs no trust. */
const isPrivileged = (step: PipelineStep, context: Context): boolean => {
  const { given, settings, pipeline, workspace } = context
  if (context.isWindows) return false
  const isPlugin = isPrivilegedPlugin(step, {
    images: settings.privilegedImages,
    sharedNames: [...Object.keys(pipeline.environment), ...Object.keys(given.build.params)],
    workspaceBase: workspace.base,
    isFork: isFork(given),
  })
  return step.privileged || isPlugin
}

/** The step's own, then the workspace, then those of the worker (pipeline.md §12.3.2, §12.15). */
const mounts = (
  own: PipelineStep['volumes'],
  { pipeline, workspace, settings, warn }: Context,
): SpecStep['mounts'] => {
  const known = new Set(pipeline.volumes.map((volume) => volume.name))
  return [
    ...own.filter(({ name }) => {
      if (!known.has(name)) warn(`there is no volume ${name}; its mount is left out`)
      return known.has(name)
    }),
    { name: workspaceVolume, path: workspace.base },
    ...settings.volumes.map(({ target }, index) => ({ name: ownVolume(index), path: target })),
  ]
}

/** Only host volumes below `/dev/` (pipeline.md §5.6.1). */
const devices = (step: PipelineStep, { pipeline }: Context): SpecStep['devices'] =>
  step.devices.filter(({ name }) => {
    const source = pipeline.volumes.find((volume) => volume.name === name)?.source
    return source?.kind === 'host' && source.path.startsWith('/dev/')
  })

/** What the file says wins over the worker's, even when it is more; processor limits are the worker's. */
const stepLimits = (step: PipelineStep, limits: SpecLimits): SpecLimits => ({
  ...limits,
  memoryBytes: step.memoryBytes > 0 ? step.memoryBytes : limits.memoryBytes,
  memorySwapBytes: step.memorySwapBytes > 0 ? step.memorySwapBytes : limits.memorySwapBytes,
  shmBytes: step.shmBytes > 0 ? step.shmBytes : limits.shmBytes,
})

/** Places, visible numbers, edges and namespaces of the whole list. */
const numberSteps = (drafts: readonly Draft[], context: Context): SpecStep[] => {
  const { services, steps, clone } = context.pipeline
  const entries = [...services, ...steps].filter((step) => step !== null)
  const edges = stepEdges(entries, !clone.disable)
  const namespaces = assignNamespaces(
    drafts.map((draft, index) => ({
      name: draft.name,
      dependsOn: edges[index]!,
      isAlone: context.isWindows || needsOwnNamespace(draft),
    })),
  )
  let visible = 0
  return drafts.map((draft, index) => {
    if (draft.runPolicy !== 'never') visible += 1
    const number = draft.runPolicy === 'never' ? 0 : visible
    return {
      ...draft,
      id: `${context.name}-${index + 1}`,
      number,
      dependsOn: edges[index]!,
      namespace: namespaces[index]!,
      labels: stepLabels(context.labels, { name: draft.name, number }),
    }
  })
}

const needsOwnNamespace = (step: Draft): boolean =>
  step.detach ||
  step.privileged ||
  step.runPolicy === 'never' ||
  step.network !== '' ||
  step.dns.length + step.dnsSearch.length + step.extraHosts.length > 0

/** Workspace, the worker's, the pipeline's, in this order: a name means the first that has it. */
const compileVolumes = (context: Context): SpecVolume[] => {
  const { name, labels, settings, pipeline } = context
  const workspace = { id: `${name}-ws`, name: workspaceVolume }
  return [
    settings.localFolder === ''
      ? { kind: 'temp', ...workspace, medium: '', sizeLimitBytes: 0, labels }
      : { kind: 'host', ...workspace, path: settings.localFolder, readOnly: false, labels: {} },
    ...settings.volumes.map(({ source, readOnly }, index): SpecVolume => {
      const own = { id: `${name}-host-${index + 1}`, name: ownVolume(index) }
      return { kind: 'host', ...own, path: source, readOnly, labels: {} }
    }),
    ...pipeline.volumes.map((volume, index): SpecVolume => {
      const own = { id: `${name}-vol-${index + 1}`, name: volume.name }
      const { source } = volume
      if (source.kind === 'host')
        return { kind: 'host', ...own, path: source.path, readOnly: false, labels: {} }
      const medium = source.medium === 'memory' ? 'memory' : ''
      return { kind: 'temp', ...own, medium, sizeLimitBytes: source.sizeLimitBytes, labels }
    }),
  ]
}

/** A name that lint lets no pipeline use, so that no step can mount the worker's folder elsewhere. */
const ownVolume = (index: number): string => `${ownVolumePrefix}${index + 1}`
