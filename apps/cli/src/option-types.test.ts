import { describe, expect, it } from 'vitest'
import { duration, mounts } from './option-types.ts'

describe('duration', () => {
  it.each([
    ['90s', 90_000],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['1h30m', 5_400_000],
    ['60', 3_600_000],
  ])('takes %s', (text, ms) => {
    expect(duration(text)).toBe(ms)
  })

  it.each(['', '0', '0s', '1d', '-5', '5 m', 'm', '1h30', '9999999', '99999h'])(
    'refuses "%s"',
    (text) => {
      expect(() => duration(text)).toThrow('must be a time')
    },
  )
})

describe('mounts', () => {
  it('takes folders of the machine, to read only or not, one after the other', () => {
    const one = mounts('/a:/b')
    expect(mounts('/c:/d:ro', one)).toEqual([
      { source: '/a', target: '/b', readOnly: false },
      { source: '/c', target: '/d', readOnly: true },
    ])
  })

  it.each(['', '/a', 'a:/b', '/a:b', '/a:/b:rx', '/a:/b:ro:x'])('refuses "%s"', (text) => {
    expect(() => mounts(text)).toThrow('must be /host/folder')
  })
})
