import { describe, expect, it } from 'vitest'
import { newToken, tokenHash, tokensEqual } from './token.ts'

describe('newToken', () => {
  it('gives 256 random bits behind a prefix', () => {
    const tokens = new Set(Array.from({ length: 1000 }, newToken))
    expect(tokens.size).toBe(1000)
    for (const token of tokens) expect(token).toMatch(/^wgl_[A-Za-z0-9_-]{43}$/)
  })
})

describe('tokenHash', () => {
  it('is the SHA-256 in lower-case hex', () => {
    expect(tokenHash('abc')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
  })
})

describe('tokensEqual', () => {
  it('tells equal from different, of any length', () => {
    expect(tokensEqual('', '')).toBe(true)
    expect(tokensEqual('wgl_a', 'wgl_a')).toBe(true)
    expect(tokensEqual('wgl_a', 'wgl_b')).toBe(false)
    expect(tokensEqual('wgl_a', 'wgl_aa')).toBe(false)
  })
})
