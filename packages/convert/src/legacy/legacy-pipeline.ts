import type { YamlMap, YamlNode } from '@waggle/pipeline'
import type { Value, ValueMap } from '../yaml-value.ts'
import { legacyCondition } from './legacy-condition.ts'
import { legacyContainer, type NamedContainer, volumesOf } from './legacy-container.ts'
import type { Combination } from './legacy-matrix.ts'
import { fieldOf, mapOf, refuse, scalarText, textOf } from './legacy-node.ts'

/** One pipeline document of an old file (pipeline.md §16.4). */
export const legacyPipeline = (
  root: YamlMap,
  name: string,
  combination: Combination | null,
): ValueMap => {
  const kept = (key: string) =>
    containersOf(root, key).filter((one) => isWanted(one.container, combination))
  const clone = kept('clone')
  const services = kept('services')
  const steps = [...clone, ...kept('pipeline')]
  const volumes = volumesOf([...steps, ...services])
  const trigger = legacyCondition(fieldOf(root, 'branches'), 'branches')
  return compact([
    ['kind', 'pipeline'],
    ['name', name],
    ['platform', platformOf(root)],
    ['workspace', workspaceOf(root)],
    ['node', labelsOf(root)],
    ['clone', clone.length > 0 ? new Map([['disable', true]]) : null],
    ['steps', steps.map(legacyContainer)],
    ['services', services.length > 0 ? services.map(legacyContainer) : null],
    ['volumes', volumes.length > 0 ? volumes : null],
    ['trigger', trigger === null ? null : new Map([['branch', trigger]])],
  ])
}

/** Without what is not set. */
const compact = (pairs: readonly (readonly [string, Value])[]): ValueMap =>
  new Map(pairs.filter(([, value]) => value !== null))

const containersOf = (root: YamlMap, key: string): readonly NamedContainer[] => {
  const map = mapOf(root, key)
  if (map === null) return []
  return [...map.entries].map(([name, { value }]) => {
    if (value.kind !== 'map') return refuse(value, `${key}.${name} is not a mapping`)
    return { name, container: value }
  })
}

/** `when.matrix`: one pair that is in the combination is enough. */
const isWanted = (container: YamlMap, combination: Combination | null): boolean => {
  const when = combination === null ? null : mapOf(container, 'when')
  const matrix = when === null ? null : mapOf(when, 'matrix')
  if (matrix === null) return true
  return [...matrix.entries].some(
    ([name, { value }]) => combination?.get(name) === scalarText(value, `when.matrix.${name}`),
  )
}

const workspaceOf = (root: YamlMap): Value => {
  const workspace = mapOf(root, 'workspace')
  if (workspace === null) return null
  const parts = (['base', 'path'] as const).map((key) => [key, textOf(workspace, key)] as const)
  return new Map(parts.filter(([, text]) => text !== ''))
}

/** `linux/arm64` */
const platformOf = (root: YamlMap): Value => {
  const [os = '', arch = ''] = textOf(root, 'platform').split('/')
  const parts: readonly (readonly [string, string])[] = [
    ['os', os],
    ['arch', arch],
  ]
  const known = parts.filter(([, text]) => text !== '')
  return known.length > 0 ? new Map(known) : null
}

const labelsOf = (root: YamlMap): Value => {
  const labels = mapOf(root, 'labels')
  return labels === null ? null : textMap(labels, 'labels')
}

const textMap = (map: YamlMap, key: string): ValueMap =>
  new Map([...map.entries].map(([name, { value }]) => [name, textIn(value, key, name)]))

const textIn = (node: YamlNode, key: string, name: string): string =>
  scalarText(node, `${key}.${name}`)
