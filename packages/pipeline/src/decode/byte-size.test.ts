import { expect, it } from 'vitest'
import { parseByteSize } from './byte-size.ts'

it.each<[string, number | null]>([
  ['64MB', 67_108_864],
  ['64M', 67_108_864],
  ['64mi', 67_108_864],
  ['64 MiB', 67_108_864],
  ['1gb', 1_073_741_824],
  ['1.5g', 1_610_612_736],
  ['100Mi', 104_857_600],
  ['2048', 2_048],
  ['512b', 512],
  ['abc', null],
  ['1.5.2g', null],
  ['10 mb s', null],
  ['-1g', null],
])('reads the size %j as %j', (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes)
})
