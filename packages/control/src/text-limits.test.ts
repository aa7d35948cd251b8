import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { cleanText, cutBytes, cutCodePoints, errorText } from './text-limits.ts'

describe('limits of text', () => {
  it('cuts code points, not halves of them', () => {
    expect(cutCodePoints('🐝'.repeat(3000), 2000)).toBe('🐝'.repeat(2000))
    expect(cutCodePoints('abc', 2000)).toBe('abc')
    expect(cutCodePoints('abcd', 3)).toBe('abc')
  })

  it('cuts bytes between characters', () => {
    expect(cutBytes('é'.repeat(300), 500)).toBe('é'.repeat(250))
    expect(cutBytes('aé', 2)).toBe('a')
    expect(cutBytes('🐝🐝', 7)).toBe('🐝')
    expect(Buffer.byteLength(cutBytes('🐝'.repeat(1000), 500))).toBe(500)
  })

  it('keeps tab and line feed and drops every other control character', () => {
    expect(cleanText('a\u0000b\u001b[31mc\td\ne\u0085\r')).toBe('ab[31mc\td\ne')
  })

  it('bounds an error text of any size to 500 bytes', () => {
    expect(errorText('x'.repeat(10_000_000))).toHaveLength(500)
    expect(errorText(`${'\u0000'.repeat(10)}boom`)).toBe('boom')
    expect(errorText('a\ud800b')).toBe('a\ufffdb')
  })
})
