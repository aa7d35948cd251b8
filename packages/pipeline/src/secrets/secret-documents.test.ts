import { describe, expect, it } from 'vitest'
import { parseManifest } from '../parse-manifest.ts'
import { openSecretData, sealSecretData } from './secret-data.ts'
import { openSecretDocuments } from './secret-documents.ts'

const key = 'abcdefghijklmnopqrstuvwxyz012345'

describe('data of secret documents', () => {
  it.each(['x', '', 'two\nlines ü', 'a'.repeat(10_000)])('opens what it sealed', (plain) => {
    expect(openSecretData(sealSecretData(plain, key), key)).toBe(plain)
  })

  it('opens what another program sealed: nonce, text, tag', () => {
    const sealed = 'AAECAwQFBgcICQoLBh7XGlN1sTjXJkJg8DgoncfU/73l3kypgw=='
    expect(openSecretData(sealed, key)).toBe('swordfish')
  })

  it('opens nothing that was changed, cut, or sealed with another key', () => {
    const sealed = sealSecretData('value', key)
    const bytes = Buffer.from(sealed, 'base64')
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes)
      changed[at]! ^= 1
      expect(openSecretData(changed.toString('base64'), key)).toBeNull()
      expect(openSecretData(bytes.subarray(0, at).toString('base64'), key)).toBeNull()
    }
    expect(openSecretData(sealed, key.toUpperCase())).toBeNull()
    expect(openSecretData(sealed, key.slice(1))).toBeNull()
    expect(openSecretData('no base64!', key)).toBeNull()
  })
})

describe('secret documents of a file', () => {
  const document = (name: string, data: string): string =>
    `---\nkind: secret\nname: ${name}\n${data === '' ? 'get: {path: p}' : `data: ${data}`}\n`

  it('gives those that are named, with case; the first that opens counts', () => {
    const file = [
      document('token', 'broken'),
      document('token', sealSecretData('one', key)),
      document('token', sealSecretData('two', key)),
      document('Token', sealSecretData('three', key)),
      document('other', sealSecretData('four', key)),
      document('elsewhere', ''),
    ].join('')
    expect(openSecretDocuments(parseManifest(file), ['token', 'elsewhere', 'OTHER'], key)).toEqual({
      secrets: [{ name: 'token', value: 'one' }],
      broken: ['token'],
    })
  })

  it('takes a value that is folded over lines', () => {
    const sealed = sealSecretData('long '.repeat(50), key)
    const lines = sealed.match(/.{1,60}/g)!.map((line) => `  ${line}`)
    const file = `kind: secret\nname: a\ndata: |\n${lines.join('\n')}\n`
    const { secrets } = openSecretDocuments(parseManifest(file), ['a'], key)
    expect(secrets).toEqual([{ name: 'a', value: 'long '.repeat(50) }])
  })
})
