import type { Given } from '@waggle/domain'
import {
  attemptName,
  baseEnvironment,
  type CompileSettings,
  type DebugSession,
  debugSession,
  type Pipeline,
  pullCredentials,
  type RegistryAuth,
  type SecretResolver,
  safeEnvironment,
  secretResolver,
  stageLabels,
  type Workspace,
  workspaceOf,
} from '@waggle/pipeline'

/** What all parts of a stage's compilation look at. */
export interface CompileContext {
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
  readonly debug: DebugSession
  readonly warn: (message: string) => void
}

export const compileContext = (
  given: Given,
  settings: CompileSettings,
  pipeline: Pipeline,
  made: Readonly<Record<string, string>>,
  warnings: string[],
): CompileContext => {
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
    auths: pullCredentials(given, pipeline, settings, resolve, warn),
    debug: os === 'windows' ? { kind: 'none' } : debugSession(given, settings),
    warn,
  }
}
