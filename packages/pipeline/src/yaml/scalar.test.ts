import { describe, expect, it } from 'vitest'
import { resolvePlain } from './scalar.ts'

const words = (text: string): string[] => text.split(' ')

describe('resolvePlain', () => {
  it.each(words('y Y yes Yes YES true True TRUE on On ON'))('reads %s as true', (text) => {
    expect(resolvePlain(text)).toEqual({ type: 'bool', value: true })
  })

  it.each(words('n N no No NO false False FALSE off Off OFF'))('reads %s as false', (text) => {
    expect(resolvePlain(text)).toEqual({ type: 'bool', value: false })
  })

  it.each(['', '~', 'null', 'Null', 'NULL'])('reads %j as null', (text) => {
    expect(resolvePlain(text)).toEqual({ type: 'null' })
  })

  it.each<[string, bigint]>([
    ['0', 0n],
    ['-7', -7n],
    ['+7', 7n],
    ['0755', 493n],
    ['0o17', 15n],
    ['0x1F', 31n],
    ['0b101', 5n],
    ['1_000', 1000n],
    ['-0x10', -16n],
    ['18446744073709551615', 18446744073709551615n],
  ])('reads %s as the integer %s', (text, value) => {
    expect(resolvePlain(text)).toEqual({ type: 'int', value })
  })

  it.each<[string, number]>([
    ['1.10', 1.1],
    ['1e+3', 1000],
    ['.5', 0.5],
    ['.5e3', 500],
    ['-2.5', -2.5],
    ['08', 8],
    ['.inf', Infinity],
    ['-.INF', -Infinity],
    ['.nan', Number.NaN],
    ['18446744073709551616', 2 ** 64],
  ])('reads %s as the float %s', (text, value) => {
    expect(resolvePlain(text)).toEqual({ type: 'float', value })
  })

  it.each([
    '1e3',
    '1.',
    '1.2.3',
    '12:30:45',
    '2001-01-01',
    'yES',
    'nil',
    '0x',
    '-',
    '.',
    '_1',
    '9'.repeat(500),
  ])('leaves %s a string', (text) => {
    expect(resolvePlain(text)).toEqual({ type: 'str', value: text })
  })
})
