import type { YamlMap } from '@waggle/pipeline'
import type { Value, ValueMap } from '../yaml-value.ts'
import { mapOf, refuse, textOf } from './legacy-node.ts'

/** Documents of the secrets that an old file takes from a vault. */
export const legacySecrets = (root: YamlMap): readonly ValueMap[] => {
  const secrets = mapOf(root, 'secrets')
  if (secrets === null) return []
  return [...secrets.entries].map(([name, { value }]) => {
    if (value.kind !== 'map') return refuse(value, `secrets.${name} is not a mapping`)
    return new Map<string, Value>([
      ['kind', 'secret'],
      ['name', name],
      ['get', placeOf(value)],
    ])
  })
}

const placeOf = (secret: YamlMap): ValueMap => {
  const options = textOf(secret, 'driver') === 'vault' ? mapOf(secret, 'driver_opts') : null
  const path = options === null ? '' : textOf(options, 'path')
  const name = options === null ? '' : textOf(options, 'key')
  const place = new Map([['path', path || textOf(secret, 'path') || textOf(secret, 'vault')]])
  if (name !== '') place.set('name', name)
  return place
}
