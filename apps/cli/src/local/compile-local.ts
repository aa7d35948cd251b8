import { createHash } from 'node:crypto'
import { cliSettings, hostVariables, readSettings } from '@waggle/config'
import { type Given, invalid, type Spec } from '@waggle/domain'
import {
  type CompileResult,
  type CompileSettings,
  defaultCompileSettings,
  type PlannedStage,
} from '@waggle/pipeline'
import { printError } from '../print.ts'
import { readEnvFile } from './env-file.ts'
import type { LocalFile } from './local-file.ts'
import type { LocalFlags } from './local-flags.ts'
import { makeGiven } from './make-given.ts'
import { selectSteps } from './select-steps.ts'

export interface LocalStage {
  readonly given: Given
  readonly spec: Spec
}

export interface LocalOptions {
  readonly execRoot: string
  readonly timeoutMinutes: number
  readonly installation: string
  readonly siblings: Given['siblings']
}

/** Compiles one stage of a file for this machine. Throws `invalid` with what its worker would end it for. */
export const compileLocal = async (
  local: LocalFile,
  stage: PlannedStage,
  flags: LocalFlags,
  options: LocalOptions,
): Promise<LocalStage> => {
  const given = makeGiven({
    local,
    stage,
    flags,
    secrets: flags.secretFile === undefined ? {} : await readEnvFile(flags.secretFile),
    ...options,
  })
  const compiled = await compileWith(given, await settingsOf(flags, options.execRoot))
  if (compiled.kind === 'error')
    throw invalid('bad_pipeline', `${local.path}, pipeline ${stage.name}: ${compiled.message}`)
  for (const warning of compiled.warnings) printError(`warning: ${warning}`)
  return { given, spec: selectSteps(compiled.spec, flags) }
}

const settingsOf = async (flags: LocalFlags, root: string): Promise<CompileSettings> => {
  const settings = readSettings(cliSettings)
  return {
    ...defaultCompileSettings,
    cloneImage: settings.cloneImage,
    environment: {
      ...(flags.envFile === undefined ? {} : await readEnvFile(flags.envFile)),
      ...flags.env,
    },
    privilegedImages: flags.privileged ?? [],
    networks: flags.network ?? [],
    volumes: flags.volume ?? [],
    // The next run in this folder finds the caches of this one.
    cacheOwner: `local-${createHash('sha256').update(process.cwd()).digest('hex').slice(0, 12)}`,
    root,
    hostEnvironment: { PATH: settings.execPath },
    pathVariables: { PATH: settings.execPath, ...hostVariables() },
    localFolder: flags.clone ? '' : process.cwd(),
  }
}

const compileWith = async (given: Given, settings: CompileSettings): Promise<CompileResult> => {
  const { type } = given.stage
  if (type === 'docker')
    return (await import('@waggle/engine-docker')).compileDocker(given, { ...settings, root: '' })
  if (type === 'exec') return (await import('@waggle/engine-exec')).compileExec(given, settings)
  throw invalid(
    'unknown_type',
    `pipelines of type "${type}" cannot be run here; docker and exec can`,
  )
}
