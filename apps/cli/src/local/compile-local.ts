import { cliSettings, readSettings } from '@waggle/config'
import { type Given, invalid, type Spec, type SpecStep } from '@waggle/domain'
import {
  type CompileResult,
  type CompileSettings,
  defaultCompileSettings,
  formatIssue,
  type Pipeline,
  parseManifest,
} from '@waggle/pipeline'
import type { LocalFlags } from '../commands/local-commands.ts'
import { printError } from '../print.ts'
import { readInput } from '../read-input.ts'
import { readEnvFile } from './env-file.ts'
import { makeGiven } from './make-given.ts'
import { readWorkingTree } from './working-tree.ts'

export interface LocalStage {
  readonly given: Given
  readonly spec: Spec
}

/** Compiles one pipeline of a file for this machine. Throws `invalid` with every mistake and its place. */
export const compileLocal = async (
  file: string,
  flags: LocalFlags,
  options: {
    readonly execRoot: string
    readonly timeoutMinutes: number
    readonly installation: string
  },
): Promise<LocalStage> => {
  const text = await readInput(file)
  const pipeline = choosePipeline(file, text, flags.pipeline)
  const folder = process.cwd()
  const given = makeGiven({
    text,
    pipeline,
    tree: readWorkingTree(folder),
    flags,
    secrets: flags.secretFile === undefined ? {} : await readEnvFile(flags.secretFile),
    timeoutMinutes: options.timeoutMinutes,
    installation: options.installation,
  })
  const settings = readSettings(cliSettings)
  const compiled = await compileWith(pipeline.type, given, {
    ...defaultCompileSettings,
    cloneImage: settings.cloneImage,
    environment: flags.envFile === undefined ? {} : await readEnvFile(flags.envFile),
    root: options.execRoot,
    hostEnvironment: { PATH: settings.execPath },
    localFolder: flags.clone ? '' : folder,
  })
  if (compiled.kind === 'error') throw invalid('bad_pipeline', `${file}: ${compiled.message}`)
  for (const warning of compiled.warnings) printError(`warning: ${warning}`)
  return { given, spec: select(compiled.spec, flags) }
}

const choosePipeline = (file: string, text: string, name: string | undefined): Pipeline => {
  const manifest = parseManifest(text)
  if (manifest.issues.length > 0)
    throw invalid(
      'bad_manifest',
      `${file} has ${manifest.issues.length === 1 ? 'a mistake' : 'mistakes'}:\n${manifest.issues
        .map((issue) => `  ${formatIssue(issue)}`)
        .join('\n')}`,
    )
  const pipelines = manifest.documents.flatMap((document) =>
    document.role === 'pipeline' ? [document.pipeline] : [],
  )
  const known = pipelines.map((pipeline) => pipeline.name).join(', ')
  if (name === undefined) {
    const [only, ...others] = pipelines
    if (only === undefined) throw invalid('no_pipeline', `${file} has no pipeline`)
    if (others.length > 0)
      throw invalid(
        'which_pipeline',
        `${file} has several pipelines (${known}); name one by --pipeline`,
      )
    return only
  }
  const found = pipelines.find((pipeline) => pipeline.name === name)
  if (found === undefined)
    throw invalid('no_pipeline', `${file} has no pipeline "${name}"; it has: ${known || 'none'}`)
  return found
}

const compileWith = async (
  type: string,
  given: Given,
  settings: CompileSettings,
): Promise<CompileResult> => {
  if (type === 'docker')
    return (await import('@waggle/engine-docker')).compileDocker(given, { ...settings, root: '' })
  if (type === 'exec') return (await import('@waggle/engine-exec')).compileExec(given, settings)
  throw invalid(
    'unknown_type',
    `pipelines of type "${type}" cannot be run here; docker and exec can`,
  )
}

/** Without the steps that the flags leave out: they get no record and are passed over. */
const select = (spec: Spec, flags: LocalFlags): Spec => {
  const { include, exclude } = flags
  if (include === undefined && exclude === undefined) return spec
  const known = new Set(spec.steps.map((step) => step.name))
  for (const name of [...(include ?? []), ...(exclude ?? [])])
    if (!known.has(name)) throw invalid('no_step', `the pipeline has no step "${name}"`)
  let number = 0
  const steps = spec.steps.map((step): SpecStep => {
    const isOut = isLeftOut(step, include, exclude)
    if (isOut || step.runPolicy === 'never') return { ...step, runPolicy: 'never', number: 0 }
    return { ...step, number: ++number }
  })
  return { ...spec, steps }
}

/** What is included runs, with the clone step and what runs in the background. */
const isLeftOut = (
  step: SpecStep,
  include: readonly string[] | undefined,
  exclude: readonly string[] | undefined,
): boolean => {
  if (exclude?.includes(step.name)) return true
  return (
    include !== undefined && !include.includes(step.name) && step.name !== 'clone' && !step.detach
  )
}
