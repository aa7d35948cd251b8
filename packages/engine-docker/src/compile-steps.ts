import { noLimits, type SpecLimits, type SpecStep } from '@waggle/domain'
import {
  expandImage,
  findRegistryAuth,
  isFork,
  isPrivilegedPlugin,
  netrcEnvironment,
  type PipelineStep,
  posixScript,
  powershellScript,
  safeEnvironment,
  settingsToEnv,
  stepErrPolicy,
  stepExtras,
  stepPullPolicy,
  stepRunPolicy,
  stepSecrets,
} from '@waggle/pipeline'
import type { CompileContext } from './compile-context.ts'
import { compileDevices, compileMounts, debugMount } from './compile-volumes.ts'

/** A step before its place in the list is known. */
export type StepDraft = Omit<SpecStep, 'id' | 'number' | 'dependsOn' | 'namespace' | 'labels'>

/** Clone, services and steps, in this order (pipeline.md §12.1). */
export const compileSteps = (context: CompileContext): StepDraft[] => {
  const { services, steps, clone } = context.pipeline
  const isStep = (step: PipelineStep | null): step is PipelineStep => step !== null
  return [
    ...(clone.disable ? [] : [cloneStep(context)]),
    ...services.filter(isStep).map((step) => userStep({ ...step, detach: true }, context)),
    ...steps.filter(isStep).map((step) => userStep(step, context)),
  ]
}

/** pipeline.md §12.14. Without a source, or on a local directory, there is nothing to clone. */
const cloneStep = (context: CompileContext): StepDraft => {
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
    mounts: compileMounts([], false, context),
    auth: findRegistryAuth(context.auths, settings.cloneImage),
  }
}

const userStep = (step: PipelineStep, context: CompileContext): StepDraft => {
  const { given, workspace } = context
  const image = expandImage(step.image).full
  const hasScript = step.commands.length > 0
  const privileged = isPrivileged(step, context)
  const script = hasScript ? scriptOf(step, context) : ''
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
    privileged,
    pull: stepPullPolicy(step.pull),
    user: step.user,
    workingDir: step.workingDir || (step.detach && !hasScript ? '' : workspace.full),
    mounts: compileMounts(step.volumes, privileged && !hasScript, context),
    devices: compileDevices(step, context),
    dns: step.dns,
    dnsSearch: step.dnsSearch,
    extraHosts: step.extraHosts,
    network: step.networkMode,
    networks: step.networkMode === '' ? context.settings.networks : [],
    auth: findRegistryAuth(context.auths, image),
    limits: stepLimits(step, context.settings.limits),
    script,
    ...stepExtras(step),
  }
}

/** Puts the program of debug sessions on a volume of the stage (pipeline.md §12.16). */
export const debugSteps = (context: CompileContext): SpecStep[] => {
  const { debug, name, labels, auths } = context
  if (debug.kind !== 'open') return []
  const image = expandImage(debug.image).full
  return [
    {
      ...plainStep(context),
      id: `${name}-debug`,
      number: 0,
      name: 'debug',
      image,
      entrypoint: ['/bin/drone-runner-docker'],
      command: ['copy'],
      dependsOn: [],
      runPolicy: 'always',
      pull: 'if-not-exists',
      mounts: [debugMount],
      network: 'none',
      networks: [],
      namespace: -1,
      labels,
      auth: findRegistryAuth(auths, image),
      limits: noLimits,
    },
  ]
}

/** What steps have that say nothing. */
const plainStep = ({ settings }: CompileContext): StepDraft => ({
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

const scriptOf = (step: PipelineStep, { isWindows, debug }: CompileContext): string =>
  isWindows ? powershellScript(step.commands) : posixScript(step.commands, debug)

const shell = (isWindows: boolean): string[] =>
  isWindows ? ['powershell', '-noprofile', '-noninteractive', '-command'] : ['/bin/sh', '-c']

const shellCommand = (isWindows: boolean): string =>
  isWindows ? 'echo $Env:DRONE_SCRIPT | iex' : 'echo "$DRONE_SCRIPT" | /bin/sh'

/** Layers 11 to 16 of environment.md §2.1, over the base. */
const stepEnvironment = (
  step: PipelineStep,
  script: string,
  { given, settings, base, made, isWindows }: CompileContext,
): Record<string, string> => ({
  // The base is safe already: asking again took a third of a stage's compilation.
  ...base,
  ...safeEnvironment({
    ...(settings.netrcCloneOnly ? {} : netrcEnvironment(given)),
    ...literals(step),
    ...settingsToEnv(step.settings),
    // Health checks run in the container too, and may refer to them.
    ...(script === '' && step.waggle.healthcheck === null ? {} : made),
    ...(script === '' ? {} : { DRONE_SCRIPT: script }),
    ...(script !== '' && isWindows ? { SHELL: 'powershell.exe' } : {}),
  }),
})

const literals = (step: PipelineStep): Record<string, string> =>
  Object.fromEntries(
    Object.entries(step.environment).flatMap(([name, variable]) =>
      variable.kind === 'literal' ? [[name, variable.value]] : [],
    ),
  )

/** Lint has refused `privileged: true` of whoever may not; a listed plugin needs no trust. */
const isPrivileged = (step: PipelineStep, context: CompileContext): boolean => {
  const { given, settings, pipeline, workspace } = context
  if (context.isWindows) return false
  const isPlugin = isPrivilegedPlugin(step, {
    images: settings.privilegedImages,
    sharedNames: [...Object.keys(pipeline.environment), ...Object.keys(given.build.params)],
    workspaceBase: workspace.base,
    mayMount: settings.privilegedPluginVolumes === true,
    isFork: isFork(given),
  })
  return step.privileged || isPlugin
}

/** What the file says wins over the worker's, even when it is more; processor limits are the worker's. */
const stepLimits = (step: PipelineStep, limits: SpecLimits): SpecLimits => ({
  ...limits,
  memoryBytes: step.memoryBytes > 0 ? step.memoryBytes : limits.memoryBytes,
  memorySwapBytes: step.memorySwapBytes > 0 ? step.memorySwapBytes : limits.memorySwapBytes,
  shmBytes: step.shmBytes > 0 ? step.shmBytes : limits.shmBytes,
})
