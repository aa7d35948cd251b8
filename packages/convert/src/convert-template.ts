import { type ConfigFile, type ConversionContext, isTemplateName } from '@waggle/domain'
import { readDocuments, splitDocuments, type YamlNode } from '@waggle/pipeline'
import { ConversionError } from './conversion-error.ts'
import { fullBuildFacts, repoFacts } from './conversion-facts.ts'
import { convertJsonnet, type JsonnetOptions } from './convert-jsonnet.ts'
import { printValue } from './go-template/print-value.ts'
import { runTemplate } from './go-template/run-template.ts'
import { isStarlark, noStarlark } from './starlark.ts'
import { isList, isMap, toJson, toMap, toValue, type Value, type ValueMap } from './yaml-value.ts'

/** Most template documents of one file: each may run for seconds. */
const mostTemplates = 10

/** Replaces every document `kind: template` of a file by what its template makes of it (pipeline.md §16.3); other
 *  documents stay as they are. `null`: there is none. Throws `ConversionError`. */
export const convertTemplates = async (
  file: ConfigFile,
  context: ConversionContext & JsonnetOptions,
  signal: AbortSignal,
): Promise<string | null> => {
  if (!/\.ya?ml$/.test(file.path) || !file.text.includes('template')) return null
  const { documents, issues } = readDocuments(file.text)
  const templates = documents.filter(({ root }) => textOf(root, 'kind') === 'template')
  if (templates.length === 0) {
    // A file that says so in its first line but cannot be read must not get through as a pipeline.
    if (issues.length > 0 && /^kind:\s+template[ \t\r]*(\n|$)/.test(file.text))
      throw unreadable(issues)
    return null
  }
  if (issues.length > 0) throw unreadable(issues)
  if (templates.length > mostTemplates)
    throw new ConversionError(
      `template converter: a file may load at most ${mostTemplates} templates`,
    )
  const made = new Map<number, string>()
  for (const { number, root } of templates)
    if (root !== null) made.set(number, await convertOne(root, context, signal))
  const [only] = made.values()
  if (documents.length === 1 && only !== undefined) return only
  return splitDocuments(file.text)
    .map((raw, index) => made.get(index + 1) ?? raw.text)
    .map(asDocument)
    .join('')
}

const convertOne = async (
  root: YamlNode,
  context: ConversionContext & JsonnetOptions,
  signal: AbortSignal,
): Promise<string> => {
  const name = textOf(root, 'load')
  const input = inputOf(root)
  if (name === '') throw new ConversionError('template converter: load is missing')
  if (isStarlark(name)) throw new ConversionError(noStarlark(name))
  if (!isTemplateName(name))
    throw new ConversionError('template extension invalid. must be yaml, starlark or jsonnet')
  const text = await context.findTemplate(name)
  if (text === null)
    throw new ConversionError(`template converter: template name given not found: ${name}`)
  const template = { path: name, text }
  if (name.endsWith('.jsonnet')) return convertJsonnet(template, context, asTexts(input), signal)
  const data: ValueMap = new Map([
    ['build', toMap(fullBuildFacts(context.hook))],
    ['repo', toMap(repoFacts(context.repo))],
    ['input', input],
  ])
  return runTemplate(template, data)
}

const inputOf = (root: YamlNode): ValueMap => {
  const data = root.kind === 'map' ? root.entries.get('data')?.value : undefined
  const value = data === undefined ? null : toValue(data)
  if (value === null) return new Map()
  if (!isMap(value))
    throw new ConversionError(
      `template converter: line ${data?.line}: data has to be a mapping of names to values`,
    )
  return value
}

/** Values for external variables, which are texts: lists and mappings as JSON (pipeline.md §16.3). */
const asTexts = (input: ValueMap): Record<string, string> =>
  Object.fromEntries([...input].map(([key, value]) => [key, asText(value)]))

const asText = (value: Value): string =>
  isMap(value) || isList(value) || value === null ? toJson(value) : printValue(value)

const textOf = (root: YamlNode | null, key: string): string => {
  const node = root?.kind === 'map' ? root.entries.get(key)?.value : undefined
  return node?.kind === 'scalar' ? node.text : ''
}

const asDocument = (text: string): string => {
  const ended = text.endsWith('\n') || text === '' ? text : `${text}\n`
  return ended.startsWith('---') ? ended : `---\n${ended}`
}

const unreadable = (issues: readonly { readonly line: number; readonly message: string }[]) =>
  new ConversionError(
    `template converter: there is a problem with the yaml file provided: line ${issues[0]?.line}: ${issues[0]?.message}`,
  )
