import { describe, expect, it } from 'vitest'
import { parseManifest } from '../parse-manifest.ts'
import { isManifestSigned, signManifest } from './signature.ts'

const key = '12345678901234567890123456789012'
const text = '---\nkind: pipeline\nname: d\n\n# c\n---\nkind: secret\nname: x\ndata: y\n'
const hex = '71578416c6c2b5b136758caeb559b5125684fd118d16c57d74f49a23cf880cd9'

const isSigned = (file: string, by = key): boolean => isManifestSigned(parseManifest(file), by)
const withHmac = (hmac: string): string => `${text}---\nkind: signature\nhmac: ${hmac}\n\n...\n`

describe('F08 signatures of files', () => {
  it('makes the value of the specification', () => {
    expect(signManifest(parseManifest(text), key)).toBe(hex)
    expect(signManifest(parseManifest(text.replaceAll('\n', '\r\n')), key)).toBe(hex)
  })

  it('takes its own signature, wherever it stands and in either case', () => {
    expect(isSigned(withHmac(hex))).toBe(true)
    expect(isSigned(withHmac(hex.toUpperCase()))).toBe(true)
    expect(isSigned(`---\nkind: signature\nhmac: ${hex}\n${text}`)).toBe(true)
  })

  it.each([
    ['no signature', text],
    ['another value', withHmac(hex.replace('7', '8'))],
    ['a value cut short', withHmac(hex.slice(2))],
    ['no hex', withHmac('x'.repeat(64))],
    ['no value', withHmac('""')],
    ['a blank more', withHmac(hex).replace('# c', '#  c')],
    ['a document more', `kind: pipeline\nname: evil\n${withHmac(hex)}`],
    [
      'documents in another order',
      `---\nkind: secret\nname: x\ndata: y\n---\nkind: pipeline\nname: d\n\n# c\n---\nkind: signature\nhmac: ${hex}\n`,
    ],
    [
      'a second signature that is right',
      `---\nkind: signature\nhmac: ${'0'.repeat(64)}\n${withHmac(hex)}`,
    ],
  ])('refuses a file with %s', (_, file) => {
    expect(isSigned(file)).toBe(false)
  })

  it('refuses what an empty or short key signs', () => {
    for (const short of ['', key.slice(1)]) {
      const signed = withHmac(signManifest(parseManifest(text), short))
      expect(isSigned(signed, short)).toBe(false)
    }
  })

  it('is not fooled by what follows the end of the file', () => {
    expect(isSigned(`${withHmac(hex)}---\nkind: pipeline\nname: evil\n`)).toBe(true)
    expect(
      parseManifest(`${withHmac(hex)}---\nkind: pipeline\nname: evil\n`).documents,
    ).toHaveLength(3)
  })
})
