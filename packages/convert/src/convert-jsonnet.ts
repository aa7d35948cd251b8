import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, posix } from 'node:path'
import { type ConfigFile, type ConversionContext, isWaggleError } from '@waggle/domain'
import { manifestLimits } from '@waggle/pipeline'
import { ConversionError } from './conversion-error.ts'
import { buildFacts, repoFacts } from './conversion-facts.ts'
import { arrayElements } from './json-documents.ts'
import { collectFiles } from './jsonnet-files.ts'
import { type ConfinedRun, confinement, runConfined } from './run-confined.ts'
import { Turns } from './turns.ts'

export interface JsonnetOptions {
  readonly importLimit: number
  /** Default: `jsonnet` of the usual folders. */
  readonly program?: string
}

/** Wall clock of one run, for a machine that has much else to do; its processor time is the limit that counts. */
const timeoutMs = 30_000
const stackFrames = 500
const variablesLimitBytes = 1024 * 1024

// Each takes up to a processor and 256 MiB.
const turns = new Turns(2)

/** Runs a Jsonnet program and gives the text of a pipeline file (pipeline.md §16.1): an array is one document for each
 *  element, anything else is one document. `input` are the values of a template document. Throws `ConversionError`
 *  with the place of the mistake. */
export const convertJsonnet = async (
  file: ConfigFile,
  context: ConversionContext & JsonnetOptions,
  input: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> => {
  if (!isInside(file.path)) throw new ConversionError(`jsonnet: ${file.path} is no path of a file`)
  const files = await collectFiles(file, context, signal)
  const variables = externalVariables(context, input)
  const run = await turns.run(
    () => runJsonnet(file.path, files, variables, context, signal),
    signal,
  )
  if (run.killed !== null || run.code !== 0) throw new ConversionError(problemOf(run))
  const documents = arrayElements(run.stdout)
  if (documents === null) return run.stdout
  if (documents.length === 0) throw new ConversionError('jsonnet: the result is an empty array')
  return documents.map((document) => `---\n${document}\n`).join('')
}

const isInside = (path: string): boolean =>
  path !== '.' && posix.normalize(path) === path && !/^(\/|\.\.(\/|$))|\/$|[^\P{Cc}]/u.test(path)

const externalVariables = (
  { repo, hook }: ConversionContext,
  input: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> => {
  const all = new Map<string, string>()
  const add = (prefix: string, values: Readonly<Record<string, string | boolean>>) => {
    // A name ends at the first `=` for the interpreter; a NUL ends an argument.
    for (const [key, value] of Object.entries(values))
      if (!/[=\0]/.test(key)) all.set(`${prefix}.${key}`, String(value))
  }
  add('build', buildFacts(hook))
  add('build.param', hook.params)
  add('repo', repoFacts(repo))
  add('input', input)
  let bytes = 0
  for (const [name, value] of all) bytes += Buffer.byteLength(name) + Buffer.byteLength(value)
  if (bytes > variablesLimitBytes)
    throw new ConversionError(
      `jsonnet: the build's parameters and the template's data exceed ${variablesLimitBytes} bytes`,
    )
  return all
}

const runJsonnet = async (
  entry: string,
  files: ReadonlyMap<string, string>,
  variables: ReadonlyMap<string, string>,
  { program = 'jsonnet' }: JsonnetOptions,
  signal: AbortSignal,
): Promise<ConfinedRun> => {
  const folder = await mkdtemp(join(tmpdir(), 'waggle-convert-'))
  try {
    const args = ['--max-stack', `${stackFrames}`]
    // Values travel as files: arguments could be read by every process of the machine, and are short.
    await mkdir(join(folder, 'values'))
    for (const [index, [name, value]] of [...variables].entries()) {
      await writeFile(join(folder, 'values', `${index}`), value)
      args.push('--ext-str-file', `${name}=../values/${index}`)
    }
    const code = join(folder, 'code')
    await writeFiles(code, files)
    const stdoutLimitBytes = manifestLimits.textBytes
    const confined = { folder: code, stdoutLimitBytes, timeoutMs, signal }
    return await runConfined(program, [...args, '--', entry], confined)
  } catch (error) {
    if (isWaggleError(error) && error.code === 'converter_missing')
      throw new ConversionError(`jsonnet: ${error.message} here (Debian: apt-get install jsonnet)`)
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const writeFiles = async (folder: string, files: ReadonlyMap<string, string>): Promise<void> => {
  for (const [path, text] of files) {
    try {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    } catch (error) {
      // A folder where another path has a file: a commit cannot hold both, but a template may bear any name.
      const { code = '' } = error as NodeJS.ErrnoException
      if (!['EEXIST', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'].includes(code)) throw error
      throw new ConversionError(`jsonnet: ${path} cannot be imported beside the other files`)
    }
  }
}

/** The interpreter's own words with the place, or which limit ended it. */
const problemOf = (run: ConfinedRun): string => {
  if (run.killed === 'output')
    return `jsonnet: the result exceeds the limit of ${manifestLimits.textBytes} bytes`
  if (run.killed === 'time') return `jsonnet: took longer than ${timeoutMs / 1000} seconds`
  if (run.stderr.includes('memory allocation') || run.signal === 'SIGABRT' || run.code === 134)
    return `jsonnet: needs more than ${confinement.memoryBytes / 1024 / 1024} MiB of memory`
  if (run.signal === 'SIGKILL' || run.signal === 'SIGXCPU')
    return `jsonnet: needs more than ${confinement.cpuSeconds} seconds of processor time`
  if (run.signal !== null) return `jsonnet: the interpreter crashed (${run.signal})`
  return `jsonnet: ${told(run.stderr) || `the interpreter ended with code ${run.code}`}`
}

/** The message without its traceback, and the first place of that. */
const told = (stderr: string): string => {
  const lines = stderr.split('\n')
  const end = lines.findIndex((line) => line.startsWith('\t'))
  const message = (end < 0 ? lines : lines.slice(0, end)).join(' ').trim()
  const place = end < 0 ? '' : (lines[end]?.trim().split('\t')[0] ?? '')
  const isPlaced = place === '' || place === 'During manifestation' || message.includes(place)
  return (isPlaced ? message : `${message} at ${place}`).slice(0, 2_000)
}
