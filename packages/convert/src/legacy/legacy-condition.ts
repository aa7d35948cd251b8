import type { YamlNode } from '@waggle/pipeline'
import type { Value, ValueMap } from '../yaml-value.ts'
import { refuse, scalarText, textsOf } from './legacy-node.ts'

/** A text, a list, or a mapping with `include` and `exclude`. */
export const legacyCondition = (
  node: YamlNode | null,
  key: string,
  rename: (text: string) => string = (text) => text,
): Value => {
  if (node === null) return null
  if (node.kind === 'scalar') return new Map([['include', [rename(scalarText(node, key))]]])
  if (node.kind === 'list')
    return new Map([['include', node.items.map((item) => rename(scalarText(item, key)))]])
  const pairs = (['include', 'exclude'] as const)
    .map((name) => [name, textsOf(node, name).map(rename)] as const)
    .filter(([, texts]) => texts.length > 0)
  return pairs.length === 0 ? null : new Map(pairs)
}

/** Old name and new name of a step's conditions. */
const conditions: readonly (readonly [string, string])[] = [
  ['branch', 'branch'],
  ['event', 'event'],
  ['ref', 'ref'],
  ['repo', 'repo'],
  ['instance', 'instance'],
  ['environment', 'target'],
  ['status', 'status'],
]

/** A step's `when`; `matrix` has been answered, `local` and `platform` have no meaning any more. */
export const legacyWhen = (node: YamlNode | null): ValueMap | null => {
  if (node === null) return null
  if (node.kind !== 'map') return refuse(node, 'when is not a mapping')
  const found: [string, Value][] = []
  for (const [old, name] of conditions) {
    const entry = node.entries.get(old)
    const rename = old === 'event' ? renameEvent : undefined
    const condition = entry ? legacyCondition(entry.value, `when.${old}`, rename) : null
    if (condition !== null) found.push([name, condition])
  }
  return found.length === 0 ? null : new Map(found)
}

const renameEvent = (event: string): string => (event === 'deployment' ? 'promote' : event)
