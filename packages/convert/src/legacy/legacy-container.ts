import { Buffer } from 'node:buffer'
import type { YamlMap } from '@waggle/pipeline'
import { toValue, type Value, type ValueMap } from '../yaml-value.ts'
import { legacyWhen } from './legacy-condition.ts'
import { fieldOf, flagOf, refuse, scalarText, textOf, textsOf } from './legacy-node.ts'

export interface NamedContainer {
  readonly name: string
  readonly container: YamlMap
}

/** Keys of a container itself; every other key is a parameter of its plugin. */
const ownKeys = new Set(
  [
    'auth_config cap_add cap_drop cgroup_parent command commands cpu_quota cpu_shares cpuset detach devices dns',
    'dns_search entrypoint environment extra_hosts group image isolation labels mem_limit mem_swappiness',
    'memswap_limit name network_mode networks ports privileged pull secrets shm_size sysctls tmpfs ulimits volumes',
    'when',
  ]
    .join(' ')
    .split(' '),
)

/** A step or service in today's words (pipeline.md §16.4). */
export const legacyContainer = ({ name, container }: NamedContainer): ValueMap => {
  const found: [string, Value][] = [['name', textOf(container, 'name') || name]]
  const add = (key: string, value: Value) => {
    if (value !== null) found.push([key, value])
  }
  const addText = (key: string) => add(key, textOf(container, key) || null)
  const addTexts = (key: string, texts = textsOf(container, key)) =>
    add(key, texts.length > 0 ? texts : null)
  addText('image')
  add('pull', flagOf(container, 'pull') ? 'always' : null)
  add('detach', flagOf(container, 'detach') || null)
  add('privileged', flagOf(container, 'privileged') || null)
  addTexts('entrypoint', wordsOf(container, 'entrypoint'))
  addTexts('command', wordsOf(container, 'command'))
  addTexts('commands')
  add('environment', environmentOf(container))
  add('settings', settingsOf(container))
  for (const key of ['dns', 'dns_search', 'extra_hosts']) addTexts(key)
  for (const key of ['network_mode', 'shm_size', 'mem_limit', 'memswap_limit']) addText(key)
  const mounts = mountsOf(container).map(({ source, target }) =>
    volumeMap(volumeName(source), 'path', target),
  )
  add('volumes', mounts.length > 0 ? mounts : null)
  add('when', legacyWhen(fieldOf(container, 'when')))
  return new Map(found)
}

/** The host volumes that the containers mount, each once. */
export const volumesOf = (containers: readonly NamedContainer[]): ValueMap[] => {
  const sources = new Set(
    containers.flatMap(({ container }) => mountsOf(container).map(({ source }) => source)),
  )
  return [...sources].map(
    (source) =>
      new Map<string, Value>([
        ['name', volumeName(source)],
        ['host', new Map([['path', source]])],
      ]),
  )
}

const volumeMap = (name: string, key: string, value: string): ValueMap =>
  new Map([
    ['name', name],
    [key, value],
  ])

const volumeName = (path: string): string => Buffer.from(path, 'utf8').toString('hex')

const mountsOf = (container: YamlMap): readonly { source: string; target: string }[] => {
  const node = fieldOf(container, 'volumes')
  if (node === null) return []
  return textsOf(container, 'volumes').map((text) => {
    const [source = '', target = ''] = text.split(':')
    if (source === '' || target === '')
      return refuse(node, `volume "${text}" is not host:container`)
    return { source, target }
  })
}

/** A list, or words of one text. */
const wordsOf = (container: YamlMap, key: string): string[] =>
  fieldOf(container, key)?.kind === 'scalar'
    ? textOf(container, key).split(/\s+/).filter(Boolean)
    : textsOf(container, key)

/** A mapping or a list of `NAME=value`, and the secrets, as variables in upper case. */
const environmentOf = (container: YamlMap): Value => {
  const found = new Map<string, Value>()
  const node = fieldOf(container, 'environment')
  if (node?.kind === 'map')
    for (const [name, { value }] of node.entries)
      found.set(name, scalarText(value, `environment.${name}`))
  else if (node !== null)
    for (const text of textsOf(container, 'environment')) {
      const at = text.indexOf('=')
      found.set(at < 0 ? text : text.slice(0, at), at < 0 ? '' : text.slice(at + 1))
    }
  for (const { source, target } of secretsOf(container))
    found.set(target.toUpperCase(), new Map([['from_secret', source]]))
  return found.size > 0 ? found : null
}

const secretsOf = (container: YamlMap): readonly { source: string; target: string }[] => {
  const node = fieldOf(container, 'secrets')
  if (node === null) return []
  if (node.kind !== 'list') return refuse(node, 'secrets is not a list')
  return node.items.map((item) => {
    if (item.kind !== 'map') {
      const name = scalarText(item, 'secrets')
      return { source: name, target: name }
    }
    const source = textOf(item, 'source')
    return { source, target: textOf(item, 'target') || source }
  })
}

const settingsOf = (container: YamlMap): Value => {
  const found = new Map<string, Value>()
  for (const [key, { value }] of container.entries)
    if (!ownKeys.has(key)) found.set(key, toValue(value))
  return found.size > 0 ? found : null
}
