import type { YamlEntry, YamlMap, YamlNode, YamlScalar } from '@waggle/pipeline'
import { ConversionError } from '../conversion-error.ts'
import { fieldOf, refuse, scalarText } from './legacy-node.ts'

export type Combination = ReadonlyMap<string, string>

const mostCombinations = 27

/** Every combination of a matrix, the first axis turning slowest; `include` lists them itself (pipeline.md §16.4). */
export const expandMatrix = (matrix: YamlNode): readonly Combination[] => {
  if (matrix.kind !== 'map') return refuse(matrix, 'matrix is not a mapping')
  const include = fieldOf(matrix, 'include')
  const all = include === null ? product(matrix) : listed(include)
  if (all.length === 0) refuse(matrix, 'the matrix has no combination')
  if (all.length > mostCombinations) tooMany(matrix)
  return all
}

const product = (matrix: YamlMap): readonly Combination[] =>
  [...matrix.entries].reduce<readonly Combination[]>(
    (all, [name, { value }]) => {
      if (value.kind !== 'list') return refuse(value, `matrix.${name} is not a list`)
      const values = value.items.map((item) => scalarText(item, `matrix.${name}`))
      // Before it is made: axes multiply.
      if (all.length * values.length > mostCombinations) tooMany(value)
      return all.flatMap((one) => values.map((text) => new Map([...one, [name, text]])))
    },
    [new Map()],
  )

const listed = (include: YamlNode): readonly Combination[] => {
  if (include.kind !== 'list') return refuse(include, 'matrix.include is not a list')
  return include.items.map((item) => {
    if (item.kind !== 'map') return refuse(item, 'an entry of matrix.include is not a mapping')
    return new Map(
      [...item.entries].map(([name, { value }]) => [name, scalarText(value, `matrix.${name}`)]),
    )
  })
}

const tooMany = (node: YamlNode): never =>
  refuse(node, `the matrix has more than ${mostCombinations} combinations`)

/** Puts the combination's values for `${NAME}` everywhere; other references stay for the build. Values are put in
 *  after parsing, so that none can add keys. */
export const substituteMatrix = (root: YamlMap, combination: Combination): YamlMap => {
  const walk = new Substitution(combination)
  return walk.map(root)
}

const mostCharacters = 4 * 1024 * 1024

class Substitution {
  readonly #values: Combination
  #left = mostCharacters

  constructor(values: Combination) {
    this.#values = values
  }

  map(map: YamlMap): YamlMap {
    const entries = new Map<string, YamlEntry>()
    for (const { key, value } of map.entries.values()) {
      const named = this.#scalar(key)
      entries.set(named.text, { key: named, value: this.#node(value) })
    }
    return { ...map, entries }
  }

  #node(node: YamlNode): YamlNode {
    switch (node.kind) {
      case 'scalar':
        return this.#scalar(node)
      case 'list':
        return { ...node, items: node.items.map((item) => this.#node(item)) }
      case 'map':
        return this.map(node)
      default:
        return node satisfies never
    }
  }

  #scalar(scalar: YamlScalar): YamlScalar {
    if (!scalar.text.includes('${')) return scalar
    let { text } = scalar
    for (const [name, value] of this.#values) {
      const reference = `\${${name}}`
      // Amid other text a value with line feeds stands in quotes; on its own they are YAML's.
      const isQuoted = value.includes('\n') && text !== reference
      text = text.replaceAll(reference, () => (isQuoted ? JSON.stringify(value) : value))
      this.#left -= text.length
      if (this.#left < 0)
        throw new ConversionError('legacy converter: the values of the matrix are too long')
    }
    return { ...scalar, text }
  }
}
