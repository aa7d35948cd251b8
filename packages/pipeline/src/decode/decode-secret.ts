import type { SecretEntry } from '../manifest.ts'
import type { Fields } from './fields.ts'

/** A `kind: secret` document (pipeline.md §4.5). One with neither data nor reference is simply never a match. */
export const decodeSecret = (fields: Fields): SecretEntry => {
  const get = fields.fields('get')
  return {
    name: fields.str('name'),
    data: fields.str('data'),
    get: {
      path: get?.str('path') ?? '',
      name: get?.str('name') ?? '',
      key: get?.str('key') ?? '',
    },
  }
}
