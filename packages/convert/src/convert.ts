import {
  type ConfigFile,
  type Conversion,
  type ConversionContext,
  type ConversionExtension,
  type Converter,
  type ConverterName,
  isWaggleError,
} from '@waggle/domain'
import { manifestLimits } from '@waggle/pipeline'
import { ConversionError } from './conversion-error.ts'
import { convertJsonnet } from './convert-jsonnet.ts'
import { convertTemplates } from './convert-template.ts'
import { convertLegacy } from './legacy/convert-legacy.ts'
import { isStarlark, noStarlark } from './starlark.ts'

export interface ConvertSettings {
  /** Whether `.jsonnet` files are converted; templates in Jsonnet always are. */
  readonly isJsonnetEnabled: boolean
  /** Most files that one conversion may import; 0 = none. */
  readonly importLimit: number
  /** The Jsonnet interpreter; default: `jsonnet` of the usual folders. */
  readonly program?: string
  readonly extension?: ConversionExtension
  /** Whether the extension also gets what another converter made. */
  readonly isExtensionLast?: boolean
}

export type ConvertDeps = ConvertSettings & ConversionContext

const timeoutMs = 120_000

interface Step {
  readonly text: string
  readonly by: readonly ConverterName[]
}

/** From the file as it lies in the repository to the text of a pipeline file (pipeline.md §16, scheduling.md §3.6):
 *  Jsonnet, template, extension, of which the first that applies acts; then files from before Drone 1.0. What is wrong
 *  with the file is an answer; throws when the signal fires or the system fails. */
export const convert = async (
  deps: ConvertDeps,
  file: ConfigFile,
  signal: AbortSignal = new AbortController().signal,
): Promise<Conversion> => {
  // All of it, with the fetching of imports; each run of an interpreter has shorter limits of its own.
  const limited = AbortSignal.timeout(timeoutMs)
  const both = AbortSignal.any([signal, limited])
  try {
    const limit = manifestLimits.textBytes
    if (Buffer.byteLength(file.text) > limit) return unchanged(file.text)
    const first = await convertInside(deps, file, both)
    const second = await convertOutside(deps, { ...file, text: first.text }, first, both)
    const last = convertForeign(file.path, second)
    if (Buffer.byteLength(last.text) > limit)
      throw new ConversionError(`convert: the result exceeds the limit of ${limit} bytes`)
    if (last.by.length > 0 && last.text.trim() === '')
      throw new ConversionError(`convert: ${file.path} gives an empty pipeline file`)
    return { kind: 'text', ...last }
  } catch (error) {
    if (error instanceof ConversionError) return { kind: 'error', error: error.message }
    if (!limited.aborted || signal.aborted) throw error
    const seconds = timeoutMs / 1_000
    return { kind: 'error', error: `convert: ${file.path}: took longer than ${seconds} seconds` }
  }
}

export const createConverter = (settings: ConvertSettings): Converter => ({
  convert: (file, context, signal) => convert({ ...settings, ...context }, file, signal),
})

// Too large to convert; the parser says so.
const unchanged = (text: string): Conversion => ({ kind: 'text', text, by: [] })

const convertInside = async (
  deps: ConvertDeps,
  file: ConfigFile,
  signal: AbortSignal,
): Promise<Step> => {
  const { path, text } = file
  if (isJsonnet(path) && deps.isJsonnetEnabled) {
    return { text: await convertJsonnet(file, deps, {}, signal), by: ['jsonnet'] }
  }
  const made = await convertTemplates(file, deps, signal)
  return made === null ? { text, by: [] } : { text: made, by: ['template'] }
}

/** The extension's turn. Where it leaves a program as it is, nothing can be made of that. */
const convertOutside = async (
  { extension, isExtensionLast, repo, hook }: ConvertDeps,
  file: ConfigFile,
  before: Step,
  signal: AbortSignal,
): Promise<Step> => {
  const isDue = before.by.length === 0 || isExtensionLast === true
  if (extension !== undefined && isDue) {
    const text = await askExtension(() => extension.convert(file, { repo, hook }, signal))
    if (text !== null && text !== '') return { text, by: [...before.by, 'extension'] }
  }
  if (before.by.length === 0) {
    if (isStarlark(file.path)) throw new ConversionError(noStarlark(file.path))
    if (isJsonnet(file.path))
      throw new ConversionError(`jsonnet: ${file.path}: this server does not convert Jsonnet`)
  }
  return before
}

const askExtension = async (ask: () => Promise<string | null>): Promise<string | null> => {
  try {
    return await ask()
  } catch (error) {
    if (!isWaggleError(error) || error.kind === 'cancelled' || error.kind === 'internal')
      throw error
    throw new ConversionError(`convert: ${error.message}`)
  }
}

const foreignFiles: ReadonlyMap<string, string> = new Map([
  ['bitbucket-pipelines.yml', 'Bitbucket'],
  ['.gitlab-ci.yml', 'GitLab'],
])

/** Files from before Drone 1.0; files of other systems are refused by name. */
const convertForeign = (path: string, before: Step): Step => {
  const system = foreignFiles.get(path.slice(path.lastIndexOf('/') + 1))
  if (system !== undefined && before.by.length === 0)
    throw new ConversionError(`convert: ${path}: pipelines of ${system} are not converted`)
  const text = convertLegacy(before.text)
  return text === null ? before : { text, by: [...before.by, 'legacy'] }
}

const isJsonnet = (path: string): boolean => path.endsWith('.jsonnet')
