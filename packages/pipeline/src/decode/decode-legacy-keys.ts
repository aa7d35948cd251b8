import type { Fields } from './fields.ts'

/** Keys of a step without effect whose wrong type is an error all the same (pipeline.md §4.6). */
export const decodeLegacyKeys = (fields: Fields): void => {
  fields.str('shell')
  if (fields.node('push')?.kind === 'map') fields.fields('push')?.str('image')
  else fields.str('push')
  if (fields.node('build')?.kind === 'map') decodeBuild(fields.fields('build'))
  else fields.str('build')
  for (const port of fields.listOrInts('ports')) {
    for (const key of ['port', 'host']) port.int(key)
    port.str('protocol')
  }
  const resources = fields.fields('resources')
  for (const name of ['limits', 'requests']) {
    const amounts = resources?.fields(name)
    amounts?.number('cpu', 'float')
    amounts?.size('memory')
  }
}

const decodeBuild = (fields: Fields | null): void => {
  for (const key of ['context', 'dockerfile', 'image']) fields?.str(key)
  for (const key of ['args', 'labels']) fields?.strMap(key)
  fields?.strs('cache_from')
}
