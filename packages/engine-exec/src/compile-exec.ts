import { posix } from 'node:path'
import {
  type Given,
  type Healthcheck,
  noLimits,
  type Retry,
  type Spec,
  type SpecStep,
} from '@waggle/domain'
import {
  attemptName,
  baseEnvironment,
  type CompileResult,
  type CompileSettings,
  execCloneCommands,
  externalSettings,
  lintExec,
  maskedVariables,
  netrcEnvironment,
  netrcPart,
  type Pipeline,
  type PipelineStep,
  posixFileScript,
  powershellFileScript,
  powershellNetrcPart,
  prepareStage,
  quotePosix,
  type SecretResolver,
  safeEnvironment,
  secretResolver,
  stageLabels,
  stageMasks,
  stepEdges,
  stepErrPolicy,
  stepExtras,
  stepLabels,
  stepRunPolicy,
  stepSecrets,
  waitForServices,
} from '@waggle/pipeline'
import { compileCaches } from './compile-caches.ts'

/** An exec pipeline as a spec (pipeline.md §6, §12): each step is a script file that a shell of the host runs. Pure and
 *  deterministic. The engine writes `script` to the path that ends `command`, makes the folders of `root`, and starts
 *  `entrypoint` and `command` in `workingDir`. */
export const compileExec = (given: Given, own: CompileSettings): CompileResult => {
  // Variables of the environment extension are no part of substitution (environment.md §2.2).
  const prepared = prepareStage(given, own, 'exec', lintExec)
  if (prepared.kind === 'error') return prepared
  const { pipeline, made } = prepared
  const settings = externalSettings(given, own)
  const warnings = [...prepared.warnings]
  const warn = (message: string) => void warnings.push(message)
  const context = makeContext(given, settings, pipeline, made, warn)
  const masked = maskedVariables(given)
  const spec: Spec = {
    platform: pipeline.platform,
    steps: numberSteps(
      compileSteps(context).map((draft) => ({ ...draft, secrets: [...draft.secrets, ...masked] })),
      context,
    ),
    volumes: context.volumes,
    network: { id: '', labels: stageLabels(given, settings), options: {} },
    masks: stageMasks(given, pipeline, context.resolve, []),
    root: context.root,
  }
  return { kind: 'spec', spec, warnings }
}

interface Context {
  readonly given: Given
  readonly settings: CompileSettings
  readonly pipeline: Pipeline
  readonly name: string
  readonly root: string
  readonly folder: string
  readonly volumes: Spec['volumes']
  readonly home: string
  readonly isWindows: boolean
  readonly base: Readonly<Record<string, string>>
  readonly made: Readonly<Record<string, string>>
  readonly resolve: SecretResolver
  readonly warn: (message: string) => void
}

const makeContext = (
  given: Given,
  settings: CompileSettings,
  pipeline: Pipeline,
  made: Readonly<Record<string, string>>,
  warn: (message: string) => void,
): Context => {
  const name = attemptName(given)
  const root = posix.join(settings.root || '/tmp', name)
  const home = posix.join(root, 'home/drone')
  const folder = settings.localFolder || posix.join(root, 'drone/src')
  const caches = compileCaches(given, settings, pipeline, {
    root: settings.root || '/tmp',
    stageRoot: root,
  })
  const base = safeEnvironment({
    ...settings.hostEnvironment,
    ...baseEnvironment(given, pipeline, settings),
    ...caches.environment,
    HOME: home,
    HOMEPATH: home,
    USERPROFILE: home,
    DRONE_HOME: folder,
    DRONE_WORKSPACE: folder,
    GIT_TERMINAL_PROMPT: '0',
  })
  const isWindows = pipeline.platform.os === 'windows'
  const resolve = secretResolver(given, settings)
  return {
    given,
    settings,
    pipeline,
    name,
    root,
    folder,
    volumes: caches.volumes,
    home,
    isWindows,
    base,
    made,
    resolve,
    warn,
  }
}

/** A step before its place in the list is known; `script` still lacks its file. */
interface Draft {
  readonly name: string
  readonly isImplicit: boolean
  readonly environment: Readonly<Record<string, string>>
  readonly secrets: SpecStep['secrets']
  readonly runPolicy: SpecStep['runPolicy']
  readonly errPolicy: SpecStep['errPolicy']
  readonly detach: boolean
  readonly script: string
  readonly timeoutMs?: number
  readonly retry?: Retry
  readonly healthcheck?: Healthcheck
}

const compileSteps = (context: Context): Draft[] => [
  ...(context.pipeline.clone.disable ? [] : [cloneStep(context)]),
  ...context.pipeline.steps.filter((step) => step !== null).map((step) => userStep(step, context)),
]

/** Runs always, except without a source or on a local directory. */
const cloneStep = (context: Context): Draft => {
  const { given, settings, base } = context
  const hasSource = given.build.cloneUrl !== '' && settings.localFolder === ''
  const commands = execCloneCommands(given)
  return {
    name: 'clone',
    isImplicit: true,
    environment: { ...base, ...netrcEnvironment(given) },
    secrets: [],
    runPolicy: hasSource ? 'always' : 'never',
    errPolicy: 'fail',
    detach: false,
    script: scriptOf(commands, true, context),
  }
}

const userStep = (step: PipelineStep, context: Context): Draft => {
  const { given, settings, base, made } = context
  const getsNetrc = !settings.netrcCloneOnly
  return {
    name: step.name,
    isImplicit: false,
    environment: safeEnvironment({
      ...base,
      ...(getsNetrc ? netrcEnvironment(given) : {}),
      ...literals(step, settings.pathVariables ?? settings.hostEnvironment),
      ...made,
    }),
    secrets: stepSecrets(step, context.resolve, context.warn),
    runPolicy: stepRunPolicy(step, given),
    errPolicy: errPolicyOf(step),
    detach: step.detach,
    script: scriptOf(step.commands, getsNetrc, context),
    ...stepExtras(step),
  }
}

/** `ignore` in any case, as Drone's runner of this type has it; the words for fail-fast exactly, as containers have them
 *  (pipeline.md §6). */
const errPolicyOf = ({ failure }: PipelineStep): SpecStep['errPolicy'] =>
  failure.toLowerCase() === 'ignore' ? 'ignore' : stepErrPolicy(failure)

/** Where there are git credentials, the script puts them into a file of the stage's home, wherever the step's `HOME`
 *  points, and forgets the variables before the user's commands run: no folder has to carry them beforehand. */
const scriptOf = (
  commands: readonly string[],
  getsNetrc: boolean,
  { given, isWindows, home }: Context,
): string => {
  const hasNetrc = given.netrc !== null && getsNetrc
  if (isWindows) return `${hasNetrc ? powershellNetrcPart : ''}${powershellFileScript(commands)}`
  return `${hasNetrc ? netrcPart(quotePosix(posix.join(home, '.netrc'))) : ''}${posixFileScript(commands)}`
}

/** Only in `PATH` are variables of the host expanded (pipeline.md §6). */
const literals = (
  step: PipelineStep,
  host: Readonly<Record<string, string>>,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(step.environment).flatMap(([name, variable]) => {
      if (variable.kind !== 'literal') return []
      return [[name, name === 'PATH' ? expandHost(variable.value, host) : variable.value]]
    }),
  )

const expandHost = (text: string, host: Readonly<Record<string, string>>): string =>
  text.replace(/\$(?:\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))/g, (_, braced, bare) => {
    const name = String(braced ?? bare)
    return Object.hasOwn(host, name) ? (host[name] ?? '') : ''
  })

const numberSteps = (drafts: readonly Draft[], context: Context): SpecStep[] => {
  const { pipeline, name, folder, given, settings } = context
  const entries = waitForServices(
    pipeline.steps.filter((step) => step !== null),
    { hasClone: !pipeline.clone.disable, services: 0 },
  )
  const edges = stepEdges(entries, !pipeline.clone.disable)
  const labels = stageLabels(given, settings)
  let visible = 0
  return drafts.map((draft, index) => {
    if (draft.runPolicy !== 'never') visible += 1
    const number = draft.runPolicy === 'never' ? 0 : visible
    return {
      ...containerFields,
      ...draft,
      id: `${name}-${index + 1}`,
      number,
      ...invocation(scriptPath(draft.name, index + 1, context), context.isWindows),
      dependsOn: edges[index]!,
      workingDir: folder,
      labels: stepLabels(labels, { name: draft.name, number }),
    }
  })
}

const invocation = (
  path: string,
  isWindows: boolean,
): Pick<SpecStep, 'entrypoint' | 'command'> => ({
  entrypoint: isWindows
    ? ['powershell', '-noprofile', '-noninteractive', '-command']
    : ['/bin/sh', '-e'],
  command: [path],
})

/** The place in the list keeps the files of `a b` and `a-b` apart. */
const scriptPath = (step: string, place: number, { root, isWindows }: Context): string => {
  const slug = step
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
  return posix.join(root, 'opt', `${place}-${slug}${isWindows ? '.ps1' : ''}`)
}

/** What only containers have. */
const containerFields = {
  image: '',
  privileged: false,
  pull: 'default',
  user: '',
  mounts: [],
  devices: [],
  dns: [],
  dnsSearch: [],
  extraHosts: [],
  network: '',
  networks: [],
  namespace: -1,
  auth: null,
  limits: noLimits,
} as const
