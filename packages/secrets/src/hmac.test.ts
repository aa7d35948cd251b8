import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { signHmac256, verifyHmac256 } from './hmac.ts'

// RFC 4231, test case 2.
const known = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'

describe('signHmac256', () => {
  it('agrees with RFC 4231', () => {
    expect(signHmac256('Jefe', 'what do ya want for nothing?')).toBe(known)
  })
})

describe('verifyHmac256', () => {
  const bytes = Buffer.from('what do ya want for nothing?')

  it('accepts the right signature in either case', () => {
    expect(verifyHmac256('Jefe', bytes, `sha256=${known}`)).toBe(true)
    expect(verifyHmac256('Jefe', bytes, `sha256=${known.toUpperCase()}`)).toBe(true)
  })

  it('refuses everything else', () => {
    const wrong = [undefined, '', 'sha256=', known, `sha1=${known}`, `sha256=${known}0`]
    for (const header of [...wrong, `sha256=${known.replace('5', '6')}`])
      expect(verifyHmac256('Jefe', bytes, header)).toBe(false)
    expect(verifyHmac256('jefe', bytes, `sha256=${known}`)).toBe(false)
    expect(verifyHmac256('Jefe', Buffer.from('what'), `sha256=${known}`)).toBe(false)
  })

  it('refuses an empty key, which everybody knows', () => {
    expect(verifyHmac256('', bytes, `sha256=${signHmac256('', bytes)}`)).toBe(false)
  })
})
