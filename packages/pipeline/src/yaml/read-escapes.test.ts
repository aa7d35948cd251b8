import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readEscapes } from './read-escapes.ts'
import { readScalar } from './scalar-source.ts'

it('reads escapes as the YAML parser does', () => {
  const part = fc.oneof(
    fc.stringMatching(/^[ -!#-[\]-~]{0,3}$/),
    fc.constantFrom(...'0abtnvfre"/\\N_LP '.split('').map((sign) => `\\${sign}`)),
    fc.constantFrom('\\x41', '\\u00e4', '\\U0001f41d', 'ä', '🐝'),
  )
  const line = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(line, (text) => {
      expect(readEscapes(text)).toBe(readScalar(`"${text}"`)?.text)
    }),
    { numRuns: 500 },
  )
})

it.each(['\\', 'a\\', '\\q', '\\x4', '\\xzz', '\\uD', '\\U00110000'])(
  'has no meaning for %j',
  (text) => {
    expect(readEscapes(text)).toBeNull()
  },
)
