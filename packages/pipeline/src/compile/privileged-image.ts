import type { PipelineStep } from '../manifest.ts'
import { normalImageName } from './image-name.ts'
import { cleanPath, isRestrictedPath, isWithin } from './workspace.ts'

const builtIn = [
  'plugins/docker',
  'plugins/acr',
  'plugins/ecr',
  'plugins/gcr',
  'plugins/heroku',
  'plugins/gar',
]

const refusedNames = new Set([
  'XDG_RUNTIME_DIR',
  'DOCKER_OPTS',
  'DOCKER_HOST',
  'PATH',
  'HOME',
  // Names that make an interpreter or the linker load something else (threats.md T-20).
  'BASH_ENV',
  'ENV',
  'NODE_OPTIONS',
  'PERL5LIB',
  'PERL5OPT',
  'RUBYOPT',
  'RUBYLIB',
])
const refusedPrefixes = ['LD_', 'PYTHON', 'BASH_FUNC_']

/** Where a workspace or volume would lie over what the plugin runs: its programs, what it is set up with, and the
 *  extensions and data that a container engine inside of it starts from. */
const programFolders = [
  '/bin',
  '/sbin',
  '/usr',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/etc',
  '/proc',
  '/sys',
  '/dev',
  '/run',
  '/var/run',
  '/var/lib/docker',
  '/root',
]

export interface PrivilegeContext {
  readonly images: readonly string[]
  /** Variables that reach the step besides its own, and that the repository's people chose. */
  readonly sharedNames: readonly string[]
  readonly workspaceBase: string
  /** The worker's switch: mounts are no obstacle, except over restricted paths. */
  readonly mayMount?: boolean
  /** A pull request of a fork never gets it, whatever the image (threats.md C.1). */
  readonly isFork: boolean
}

/** Whether a step runs privileged because of its image, trusted or not (pipeline.md §12.6): a listed plugin that
 *  nothing in the file turns into something else. */
export const isPrivilegedPlugin = (step: PipelineStep, context: PrivilegeContext): boolean => {
  // Most steps have commands: the dearer question comes after.
  if (step.commands.length + step.command.length + step.entrypoint.length > 0) return false
  // It would run in the plugin's container, with its privileges.
  if (step.waggle.healthcheck?.probe.kind === 'command') return false
  if (context.isFork || !isListed(step.image, context.images)) return false
  if (isWithin(context.workspaceBase, programFolders)) return false
  if (step.volumes.some(({ path }) => context.mayMount !== true || isSystemPath(path))) return false
  return ![...step.environmentKeys, ...context.sharedNames].some(isRefused)
}

const isSystemPath = (path: string): boolean =>
  isRestrictedPath(path) || isWithin(cleanPath(path).toLowerCase(), programFolders)

const isRefused = (name: string): boolean =>
  refusedNames.has(name) || refusedPrefixes.some((prefix) => name.startsWith(prefix))

const isListed = (image: string, images: readonly string[]): boolean => {
  const name = normalImageName(image)
  if (name === null) return false
  return builtIn.includes(name) || images.some((entry) => normalImageName(entry) === name)
}
