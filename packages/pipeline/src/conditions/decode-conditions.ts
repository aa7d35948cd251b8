import { type Fields, sourceText } from '../decode/fields.ts'
import type { YamlNode } from '../yaml/yaml-node.ts'
import { type Condition, type Conditions, conditionNames, noCondition } from './condition.ts'

/** `when` and `trigger` (pipeline.md §9.2): a word, a list, or include and exclude. */
export const decodeConditions = (owner: Fields, key: 'when' | 'trigger'): Conditions => {
  const fields = owner.fields(key)
  if (fields === null) return none
  const pairs = conditionNames.map((name) => [name, decodeCondition(fields.node(name))])
  // Parsed and never evaluated; a wrong type is an error all the same (pipeline.md §4.6, §9.1).
  fields.strMap('matrix')
  return Object.fromEntries(pairs) as Conditions
}

const none = Object.fromEntries(conditionNames.map((name) => [name, noCondition])) as Conditions

const decodeCondition = (node: YamlNode | null): Condition => {
  if (node === null) return noCondition
  if (node.kind !== 'map') return { include: words(node), exclude: [] }
  return {
    include: words(node.entries.get('include')?.value),
    exclude: words(node.entries.get('exclude')?.value),
  }
}

/** Lists and mappings inside of a list are dropped; a single word is a list of one (rule X7). */
const words = (node: YamlNode | undefined): string[] => {
  if (node === undefined || node.kind === 'map') return []
  if (node.kind === 'scalar') {
    const text = sourceText(node)
    return text === '' && node.style === 'plain' ? [] : [text]
  }
  return node.items.flatMap((item) => (item.kind === 'scalar' ? [sourceText(item)] : []))
}
