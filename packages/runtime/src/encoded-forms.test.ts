import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodedForms } from './encoded-forms.ts'
import { MaskSet } from './mask-set.ts'
import { StepLines } from './step-lines.ts'

/** The output as it is kept, given in pieces of so many bytes. */
const shown = (text: string, masks: readonly string[], pieceBytes: number): string => {
  const bytes = Buffer.from(text)
  const kept: Buffer[] = []
  const lines = new StepLines(new MaskSet(masks), (record) => kept.push(Buffer.from(record)))
  for (let at = 0; at < bytes.length; at += pieceBytes)
    lines.write(bytes.subarray(at, at + pieceBytes))
  lines.end()
  return Buffer.concat(kept).toString()
}

const secret = fc.string({ unit: 'binary', minLength: 8, maxLength: 60 })
const around = fc.string({ unit: fc.constantFrom(...'ab \n"='.split('')), maxLength: 9 })
const encodings: readonly (readonly [string, (text: string) => string])[] = [
  ['base64', (text) => Buffer.from(text).toString('base64')],
  ['base64 for URLs', (text) => Buffer.from(text).toString('base64url')],
  ['hex', (text) => Buffer.from(text).toString('hex')],
  ['large hex', (text) => Buffer.from(text).toString('hex').toUpperCase()],
  ['percent-encoding', (text) => encodeURIComponent(text)],
  ['a form', (text) => new URLSearchParams({ x: text }).toString()],
  ['JSON', (text) => JSON.stringify({ x: text })],
  ['shell quotes', (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`],
]

describe('F63 encoded forms of a secret', () => {
  it.each(encodings)('are masked: %s, wherever the chunks are cut', (_name, encode) => {
    fc.assert(
      fc.property(secret, around, around, fc.nat(40), (raw, before, after, size) => {
        const value = raw.trim().replaceAll(/[\r\n]/g, ' ')
        fc.pre(Buffer.byteLength(value) >= 8)
        const kept = shown(encode(`${before}${value}${after}`), [value], size + 1)
        for (const form of [value, ...encodedForms(value)]) expect(kept).not.toContain(form)
      }),
      { numRuns: 300 },
    )
  })

  it('of a value of several lines are those of the whole', () => {
    const key = '-----BEGIN KEY-----\nabcdefgh\n}\n-----END KEY-----'
    for (const text of [
      JSON.stringify({ key }),
      Buffer.from(key).toString('base64'),
      key.replaceAll('\n', ' '),
      key.replaceAll('\n', '\r\n'),
    ]) {
      const kept = shown(text, [key], 7)
      expect(kept).toContain('******')
      expect(kept).not.toContain('abcdefgh')
      expect(kept).not.toContain(Buffer.from('abcdefgh').toString('base64').slice(2, 9))
    }
  })

  it('of short values are none', () => {
    expect(encodedForms('abcde')).toEqual([])
    expect(shown('YWJjZGU=', ['abcde'], 3)).toBe('YWJjZGU=')
  })

  it('leave other text untouched', () => {
    const text = Array.from({ length: 2_000 }, (_, i) =>
      Buffer.from(`line ${i} of the output`).toString(i % 2 === 0 ? 'base64' : 'hex'),
    ).join('\n')
    expect(shown(text, ['correct horse battery staple', 's3cr3t-t0ken'], 999)).toBe(text)
  })
})

describe('F63 lines of a value of several lines', () => {
  it('are masked from four bytes on, the value itself from two', () => {
    const value = 'abcd\nxyz\n}\nefgh ij'
    expect(shown('xyz abcd } efgh ij ab\n', [value, 'ab'], 5)).toBe('xyz ****** } ****** ******\n')
  })
})
