import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { forbiddenKeys, manifestLimits } from '../limits.ts'
import { keptSource, styleOf } from './scalar-source.ts'
import type { Place, YamlEntry, YamlNode, YamlScalar } from './yaml-node.ts'
import { forbiddenKey, limitProblem, Refused, type YamlProblem } from './yaml-problem.ts'

/** Counts the nodes of a whole file, aliases expanded. */
export interface NodeBudget {
  left: number
  /** Of those, in documents that need the whole of YAML. */
  richLeft: number
}

/** A converted node with what it costs when it is repeated by an alias. */
interface Sized {
  readonly node: YamlNode
  readonly size: number
  readonly depth: number
}

/** Converts the nodes of one document, aliases written out, within the budget of its file. */
export class YamlTree {
  readonly problems: YamlProblem[] = []
  readonly #place: (offset: number) => Place
  readonly #budget: NodeBudget
  readonly #anchors = new Map<string, Sized>()
  #depth = 0

  constructor(place: (offset: number) => Place, budget: NodeBudget) {
    this.#place = place
    this.#budget = budget
  }

  read(node: ParsedNode | null, path: string, at?: Place): Sized {
    if (node === null) {
      this.#spend(1, at ?? { line: 1, column: 1 }, path)
      return { node: emptyScalar(at ?? { line: 1, column: 1 }), size: 1, depth: 0 }
    }
    const here = this.#place(node.range[0])
    if (isAlias(node)) return this.#alias(node, path, here)
    this.#spend(1, here, path)
    this.#depth += 1
    const sized = this.#fresh(node, path, here)
    this.#depth -= 1
    if (node.anchor) this.#anchors.set(node.anchor, sized)
    return sized
  }

  #fresh(node: ParsedNode, path: string, here: Place): Sized {
    if (isMap(node)) return this.#map(node as YAMLMap.Parsed, path, here)
    if (isSeq(node)) return this.#list(node as YAMLSeq.Parsed, path, here)
    const scalar = toScalar(node as Scalar.Parsed, here)
    if (scalar.text.includes('\0')) this.problems.push({ ...nul, path, ...here })
    return { node: scalar, size: 1, depth: 0 }
  }

  #alias(node: Alias, path: string, here: Place): Sized {
    const target = this.#anchors.get(node.source)
    if (target === undefined) {
      const message = `yaml: unknown anchor '${node.source.slice(0, 80)}' referenced, or an anchor that contains itself`
      this.problems.push({ code: 'yaml_alias', message, path, ...here })
      this.#spend(1, here, path)
      return { node: emptyScalar(here), size: 1, depth: 0 }
    }
    this.#spend(target.size, here, path)
    if (this.#depth + target.depth > manifestLimits.depth)
      throw new Refused(limitProblem('depth', { ...here, path }))
    return target
  }

  #list(node: YAMLSeq.Parsed, path: string, here: Place): Sized {
    const items: YamlNode[] = []
    let size = 1
    let depth = 0
    for (const [index, item] of node.items.entries()) {
      const read = this.read(item as ParsedNode | null, `${path}[${index}]`, here)
      items.push(read.node)
      size += read.size
      depth = Math.max(depth, read.depth + 1)
    }
    return { node: { kind: 'list', items, ...here }, size, depth }
  }

  #map(node: YAMLMap.Parsed, path: string, here: Place): Sized {
    const own = new Map<string, YamlEntry>()
    const merged = new Map<string, YamlEntry>()
    let size = 1
    let depth = 0
    for (const pair of node.items) {
      const key = this.#key(pair.key as ParsedNode | null, path, here)
      if (key === null) continue
      const inner = path === '' ? key.text : `${path}.${key.text}`
      const value = this.read(pair.value as ParsedNode | null, inner, key)
      size += value.size + 1
      depth = Math.max(depth, value.depth + 1)
      if (key.text === '<<' && key.style === 'plain') this.#merge(value.node, merged, inner)
      else own.set(key.text, { key, value: value.node })
    }
    for (const [key, entry] of merged) if (!own.has(key)) own.set(key, entry)
    return { node: { kind: 'map', entries: own, ...here }, size, depth }
  }

  #key(node: ParsedNode | null, path: string, here: Place): YamlScalar | null {
    const { node: key } = this.read(node, path, here)
    if (key.kind !== 'scalar') {
      const message = 'yaml: invalid map key: a key must be a scalar'
      this.problems.push({ code: 'yaml_key', message, path, line: key.line, column: key.column })
      return null
    }
    if (forbiddenKeys.has(key.text)) this.problems.push(forbiddenKey(key, path))
    return key
  }

  /** Own keys win; of several merged mappings the first that has the key. */
  #merge(value: YamlNode, into: Map<string, YamlEntry>, path: string): void {
    const sources = value.kind === 'list' ? value.items : [value]
    for (const source of sources) {
      if (source.kind !== 'map') {
        const message = 'yaml: map merge requires map or sequence of maps as the value'
        const { line, column } = source
        this.problems.push({ code: 'yaml_merge', message, path, line, column })
        continue
      }
      for (const [key, entry] of source.entries) if (!into.has(key)) into.set(key, entry)
    }
  }

  #spend(nodes: number, at: Place, path: string): void {
    this.#budget.left -= nodes
    this.#budget.richLeft -= nodes
    if (this.#budget.richLeft < 0) throw new Refused(limitProblem('richNodes', { ...at, path }))
    if (this.#budget.left < 0) throw new Refused(limitProblem('nodes', { ...at, path }))
  }
}

const emptyScalar = (at: Place): YamlScalar => ({
  kind: 'scalar',
  text: '',
  style: 'plain',
  tag: '',
  line: at.line,
  column: at.column,
})

/** No program, variable or path can hold a NUL; better said here, with its place, than by an engine. */
const nul: Pick<YamlProblem, 'code' | 'message'> = {
  code: 'yaml_nul',
  message: 'yaml: a value holds a NUL character',
}

const toScalar = (node: Scalar.Parsed, here: Place): YamlScalar => {
  const source = keptSource(node)
  return {
    kind: 'scalar',
    text: isScalar(node) && typeof node.value === 'string' ? node.value : '',
    style: styleOf(node),
    tag: node.tag ?? '',
    ...(source === undefined ? {} : { source }),
    ...here,
  }
}
