import { manifestLimits } from '../limits.ts'
import type { YamlNode } from '../yaml/yaml-node.ts'
import { type Fields, sourceText } from './fields.ts'
import type { MatrixValues } from './waggle.ts'
import type { WaggleFields } from './waggle-fields.ts'

/** The combinations of `matrix: { axes, include, exclude }`, in the order of the file: the product of the axes, the
 *  first axis turning slowest, without what is excluded, then what is included. Bounded before it is built. */
export const decodeMatrix = (waggle: WaggleFields): readonly MatrixValues[] => {
  const matrix = waggle.inner('matrix', ['axes', 'include', 'exclude'])
  if (matrix === null) return []
  const axes = decodeAxes(matrix)
  const names = axes.length > 0 ? axes.map(([name]) => name) : namesOfFirst(matrix)
  if (names.length === 0) {
    waggle.issue('matrix', 'names no axis: write axes, or include')
    return []
  }
  const { matrixSize } = manifestLimits
  const size = axes.reduce((total, [, values]) => total * values.length, axes.length > 0 ? 1 : 0)
  if (size > matrixSize) {
    matrix.issue('axes', `has ${size} combinations and exceeds the limit of ${matrixSize}`)
    return []
  }
  const excluded = decodeEntries(matrix, 'exclude', names, 'some')
  const included = decodeEntries(matrix, 'include', names, 'all')
  const combinations = product(axes)
  const kept = combinations.filter((values) => !excluded.some((entry) => matches(values, entry)))
  if (kept.length + included.length === 0 && combinations.length > 0)
    matrix.issue('exclude', 'leaves no combination')
  return unique(matrix, [...kept, ...included])
}

type Axis = readonly [name: string, values: readonly string[]]

const decodeAxes = (matrix: WaggleFields): readonly Axis[] => {
  const axes = matrix.fields.fields('axes')
  if (axes === null) return []
  if (axes.map.entries.size > 8) matrix.issue('axes', 'a matrix has at most 8 axes')
  return [...axes.map.entries.keys()].slice(0, 8).flatMap((name): Axis[] => {
    if (!isAxis(axes, name)) return []
    const items = axes.items(name)
    if (items.length === 0) addIssue(axes, name, 'has no values')
    const values = items
      .slice(0, manifestLimits.matrixSize + 1)
      .map((item) => readValue(axes, name, item))
    if (new Set(values).size < values.length) addIssue(axes, name, 'has a value twice')
    return [[name, [...new Set(values)]]]
  })
}

const namesOfFirst = (matrix: WaggleFields): string[] => {
  const [first] = matrix.fields.list('include')
  if (!first) return []
  return [...first.map.entries.keys()].slice(0, 8).filter((name) => isAxis(first, name))
}

/** Variables of the server and of plugins keep their meaning. */
const isAxis = (fields: Fields, name: string): boolean => {
  const isName = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)
  const isTaken = /^(DRONE|CI|WAGGLE|PLUGIN)(_|$)/i.test(name)
  if (!isName) addIssue(fields, name, 'an axis is named like a variable: letters, digits and _')
  else if (isTaken)
    addIssue(
      fields,
      name,
      'an axis cannot be named CI or begin with DRONE_, CI_, WAGGLE_ or PLUGIN_',
    )
  return isName && !isTaken
}

/** Entries of `include` name all axes, those of `exclude` at least one. */
const decodeEntries = (
  matrix: WaggleFields,
  key: 'include' | 'exclude',
  names: readonly string[],
  which: 'all' | 'some',
): MatrixValues[] => {
  const entries = matrix.fields.list(key)
  if (entries.length > manifestLimits.matrixSize)
    matrix.issue(key, `has more than ${manifestLimits.matrixSize} entries`)
  return entries.slice(0, manifestLimits.matrixSize).flatMap((entry) => {
    if (entry === null) return []
    const given = [...entry.map.entries.keys()]
    const unknown = given.find((name) => !names.includes(name))
    const missing = names.find((name) => !given.includes(name))
    if (unknown !== undefined) addIssue(entry, unknown, `is no axis; there are ${names.join(', ')}`)
    else if (which === 'all' && missing !== undefined)
      entry.sink.add('waggle_matrix', `has no value for the axis ${missing}`, entry.path, entry.map)
    else if (given.length > 0) return [readEntry(entry, names)]
    return []
  })
}

/** In the order of the axes, whatever the order of the entry. */
const readEntry = (entry: Fields, names: readonly string[]): MatrixValues =>
  Object.fromEntries(
    names.flatMap((name) => {
      const node = entry.map.entries.get(name)?.value
      return node === undefined ? [] : [[name, readValue(entry, name, node)]]
    }),
  )

/** Values are texts as written: `1.10` stays `1.10`. They become parts of names and are taken as they are. */
const readValue = (fields: Fields, name: string, node: YamlNode): string => {
  const text = node.kind === 'scalar' ? sourceText(node) : ''
  if (node.kind !== 'scalar') addIssue(fields, name, 'must be a single value')
  else if (text.length > 64 || !/^[^$\p{C}]*$/u.test(text))
    addIssue(fields, name, 'a value has at most 64 characters, no $ and no control characters')
  return text
}

const product = (axes: readonly Axis[]): MatrixValues[] => {
  if (axes.length === 0) return []
  return axes.reduce<MatrixValues[]>(
    (combinations, [name, values]) =>
      combinations.flatMap((known) => values.map((value) => ({ ...known, [name]: value }))),
    [{}],
  )
}

const matches = (values: MatrixValues, entry: MatrixValues): boolean =>
  Object.entries(entry).every(([name, value]) => values[name] === value)

const unique = (matrix: WaggleFields, all: readonly MatrixValues[]): readonly MatrixValues[] => {
  const seen = new Map(all.map((values) => [JSON.stringify(values), values]))
  if (seen.size < all.length) matrix.issue('include', 'names a combination that is there already')
  const { matrixSize } = manifestLimits
  if (seen.size > matrixSize)
    matrix.issue('include', `the matrix exceeds the limit of ${matrixSize} combinations`)
  return [...seen.values()].slice(0, matrixSize)
}

const addIssue = (fields: Fields, key: string, message: string): void => {
  const at = fields.map.entries.get(key)?.key ?? fields.map
  fields.sink.add('waggle_matrix', `${key.slice(0, 80)}: ${message}`, fields.path, at)
}
