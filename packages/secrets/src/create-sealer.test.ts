import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { isWaggleError } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { createSealer } from './create-sealer.ts'

const current = { id: 'k2', key: randomBytes(32) }
const older = { id: 'k1', key: randomBytes(32) }
const sealer = createSealer({ current, older: [older] })
const place = 'secrets/7/data'

const refusal = (open: () => unknown): string => {
  try {
    open()
  } catch (error) {
    if (isWaggleError(error, 'internal')) return error.code
    throw error
  }
  return 'opened'
}

describe('createSealer', () => {
  it('opens what it sealed, text, bytes and nothing at all', () => {
    for (const plain of ['pässword', '', Buffer.from([0, 255, 1]), randomBytes(100_000)])
      expect(sealer.open(sealer.seal(plain, place), place)).toEqual(Buffer.from(plain))
  })

  it('refuses a blob with any single bit flipped', () => {
    const sealed = sealer.seal('correct horse', place)
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const flipped = Uint8Array.from(sealed)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(refusal(() => sealer.open(flipped, place))).toBe('unseal_failed')
    }
  })

  it('refuses a blob that was cut or lengthened anywhere', () => {
    const sealed = Buffer.from(sealer.seal('correct horse', place))
    for (let length = 0; length < sealed.length; length++)
      expect(refusal(() => sealer.open(sealed.subarray(0, length), place))).toBe('unseal_failed')
    expect(refusal(() => sealer.open(Buffer.concat([sealed, Buffer.alloc(1)]), place))).toBe(
      'unseal_failed',
    )
  })

  it('refuses a blob from another place', () => {
    const one = sealer.seal('one', 'secrets/1/data')
    const two = sealer.seal('two', 'secrets/2/data')
    expect(refusal(() => sealer.open(one, 'secrets/2/data'))).toBe('unseal_failed')
    expect(refusal(() => sealer.open(two, 'secrets/1/data'))).toBe('unseal_failed')
  })

  it('refuses a clear value instead of passing it on', () => {
    expect(refusal(() => sealer.open(Buffer.from('a clear password'), place))).toBe('unseal_failed')
  })

  it('opens what an older key sealed and seals with the current one', () => {
    const old = createSealer({ current: older }).seal('before the rotation', place)
    expect(sealer.open(old, place).toString()).toBe('before the rotation')
    expect(
      refusal(() => createSealer({ current: older }).open(sealer.seal('x', place), place)),
    ).toBe('unseal_failed')
  })

  it('refuses a blob whose key id was kept but whose key is another one', () => {
    const stranger = createSealer({ current: { id: 'k2', key: randomBytes(32) } })
    expect(refusal(() => stranger.open(sealer.seal('x', place), place))).toBe('unseal_failed')
  })

  it('never seals to the same bytes twice', () => {
    const blobs = new Set(
      Array.from({ length: 1000 }, () => Buffer.from(sealer.seal('same', place)).toString('hex')),
    )
    expect(blobs.size).toBe(1000)
  })

  it('refuses keys of a wrong size', () => {
    expect(() => createSealer({ current: { id: 'k', key: Buffer.alloc(16) } })).toThrow(RangeError)
    expect(() => createSealer({ current: { id: '', key: Buffer.alloc(32) } })).toThrow(RangeError)
  })
})
