import { forbiddenKeys, manifestLimits } from '../limits.ts'
import type { ManifestIssue } from '../manifest-issue.ts'
import { isNull, resolveScalar, type ScalarValue } from '../yaml/scalar.ts'
import type { Place, YamlMap, YamlNode, YamlScalar } from '../yaml/yaml-node.ts'
import { forbiddenKey } from '../yaml/yaml-problem.ts'
import { parseByteSize } from './byte-size.ts'

/** Collects the issues of one document, at most as many as anybody would read. */
export class IssueSink {
  readonly issues: ManifestIssue[] = []
  readonly document: number
  #ofStage: IssueSink | null = null

  constructor(document: number) {
    this.document = document
  }

  /** For keys that only a worker of the pipeline's type decodes: mistakes there end the stage, not the build
   *  (pipeline.md §4.2, §8.2). */
  get ofStage(): IssueSink {
    this.#ofStage ??= new IssueSink(this.document)
    return this.#ofStage
  }

  add(code: string, message: string, path: string, at: Place): void {
    if (this.issues.length >= manifestLimits.issues) return
    const { line, column } = at
    this.issues.push({ code, message, document: this.document, path, line, column })
  }
}

/** Reads the fields of one mapping by their types (pipeline.md §3.4). A wrong type is noted and reads as "not set". */
export class Fields {
  readonly map: YamlMap
  readonly path: string
  readonly sink: IssueSink

  constructor(map: YamlMap, path: string, sink: IssueSink) {
    this.map = map
    this.path = path
    this.sink = sink
  }

  /** The same mapping, its mistakes noted as the stage's. */
  ofStage(): Fields {
    return new Fields(this.map, this.path, this.sink.ofStage)
  }

  /** The field's node; `null` when it is absent or null. */
  node(key: string): YamlNode | null {
    const node = this.map.entries.get(key)?.value
    return node === undefined || (node.kind === 'scalar' && isNull(node)) ? null : node
  }

  pathOf(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`
  }

  str(key: string): string {
    const scalar = this.#scalar(key, 'string')
    return scalar === null ? '' : sourceText(scalar)
  }

  bool(key: string): boolean {
    const scalar = this.#scalar(key, 'bool')
    if (scalar === null) return false
    const value = resolveScalar(scalar)
    if (value.type === 'bool') return value.value
    this.#mismatch(scalar, 'bool', this.pathOf(key))
    return false
  }

  int(key: string): number {
    return this.number(key, 'int')
  }

  /** An integer, or with `float` any number. */
  number(key: string, into: 'int' | 'float'): number {
    const scalar = this.#scalar(key, into)
    if (scalar === null) return 0
    const value = toNumber(resolveScalar(scalar))
    if (value !== null && into === 'float') return value
    if (value !== null && Number.isSafeInteger(Math.trunc(value))) return Math.trunc(value)
    this.#mismatch(scalar, into, this.pathOf(key))
    return 0
  }

  size(key: string): number {
    const scalar = this.#scalar(key, 'size')
    if (scalar === null) return 0
    const number = toNumber(resolveScalar(scalar))
    const bytes = number === null ? parseByteSize(scalar.text) : Math.trunc(number)
    if (bytes !== null && Number.isSafeInteger(bytes)) return bytes
    this.sink.add(
      'type_mismatch',
      `invalid size: '${shorten(scalar.text)}'`,
      this.pathOf(key),
      scalar,
    )
    return 0
  }

  strs(key: string): string[] {
    return this.items(key).map((item, index) => {
      if (item.kind === 'scalar') return sourceText(item)
      this.#mismatch(item, 'string', `${this.pathOf(key)}[${index}]`)
      return ''
    })
  }

  strMap(key: string): Record<string, string> {
    const fields = this.fields(key)
    const pairs: [string, string][] = []
    for (const name of fields?.map.entries.keys() ?? []) {
      if (fields?.allows(name)) pairs.push([name, fields.str(name)])
    }
    return Object.fromEntries(pairs)
  }

  /** A nested mapping; `null` when it is absent. */
  fields(key: string): Fields | null {
    const node = this.node(key)
    if (node === null) return null
    if (node.kind === 'map') return new Fields(node, this.pathOf(key), this.sink)
    this.#mismatch(node, 'mapping', this.pathOf(key))
    return null
  }

  /** The items of a list; a scalar is not a list of one. */
  items(key: string, into = '[]string'): readonly YamlNode[] {
    const node = this.node(key)
    if (node === null) return []
    if (node.kind === 'list') return node.items
    this.#mismatch(node, into, this.pathOf(key))
    return []
  }

  /** The mappings of a list; `null` stands for an entry without content. */
  list(key: string): (Fields | null)[] {
    return this.items(key, '[]mapping').map((item, index) => {
      const path = `${this.pathOf(key)}[${index}]`
      if (item.kind === 'map') return new Fields(item, path, this.sink)
      if (!(item.kind === 'scalar' && isNull(item))) this.#mismatch(item, 'mapping', path)
      return null
    })
  }

  /** The mappings of a list whose entries may be integers too. */
  listOrInts(key: string): Fields[] {
    return this.items(key, '[]mapping').flatMap((item, index) => {
      const path = `${this.pathOf(key)}[${index}]`
      if (item.kind === 'map') return [new Fields(item, path, this.sink)]
      const isInt =
        item.kind === 'scalar' && (isNull(item) || toNumber(resolveScalar(item)) !== null)
      if (!isInt) this.#mismatch(item, 'int', path)
      return []
    })
  }

  /** Whether the key may be used; substitution can make keys that the parser did not see. */
  allows(key: string): boolean {
    const entry = this.map.entries.get(key)
    if (entry === undefined || !forbiddenKeys.has(key)) return true
    const problem = forbiddenKey(entry.key, this.path)
    this.sink.add(problem.code, problem.message, problem.path, problem)
    return false
  }

  mismatch(key: string, into: string): void {
    const node = this.node(key)
    if (node !== null) this.#mismatch(node, into, this.pathOf(key))
  }

  #scalar(key: string, into: string): YamlScalar | null {
    const node = this.node(key)
    if (node === null || node.kind === 'scalar') return node
    this.#mismatch(node, into, this.pathOf(key))
    return null
  }

  #mismatch(node: YamlNode, into: string, path: string): void {
    this.sink.add('type_mismatch', `cannot unmarshal ${describe(node)} into ${into}`, path, node)
  }
}

/** Source text of a scalar for a string field; null reads as empty. */
export const sourceText = (scalar: YamlScalar): string => {
  if (isNull(scalar)) return ''
  if (scalar.tag === '') return scalar.text
  const value = resolveScalar(scalar)
  return value.type === 'str' ? value.value : scalar.text
}

const toNumber = (value: ScalarValue): number | null => {
  if (value.type === 'int') return Number(value.value)
  return value.type === 'float' && Number.isFinite(value.value) ? value.value : null
}

const describe = (node: YamlNode): string => {
  if (node.kind === 'map') return '!!map'
  if (node.kind === 'list') return '!!seq'
  return `!!${resolveScalar(node).type} \`${shorten(node.text)}\``
}

const shorten = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text)
