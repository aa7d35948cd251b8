import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseSecretKey } from './parse-secret-key.ts'

describe('parseSecretKey', () => {
  const key = randomBytes(32)

  it('reads hex and both forms of base64, with blanks around', () => {
    for (const text of [
      key.toString('hex'),
      key.toString('hex').toUpperCase(),
      key.toString('base64'),
      key.toString('base64url'),
      `${key.toString('hex')}\n`,
    ])
      expect(parseSecretKey(text)).toEqual(key)
  })

  it('says what is expected and does not repeat what was given', () => {
    const given = ['hunter2', key.toString('hex').slice(1), `${key.toString('hex')}0`]
    for (const text of given) {
      expect(() => parseSecretKey(text)).toThrow(/64 hex digits/)
      expect(() => parseSecretKey(text)).not.toThrow(text)
    }
    expect(() => parseSecretKey('')).toThrow(/64 hex digits/)
  })
})
