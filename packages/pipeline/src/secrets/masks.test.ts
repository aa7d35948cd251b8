import { expect, it } from 'vitest'
import { maskValues } from './masks.ts'

it('masks values from two bytes and lines from four, longest first', () => {
  expect(
    maskValues(['x', 'ab', ' abcdef\n', 'abc', 'key\n}\n  line two \r\nend', '', 'ab']),
  ).toEqual(['key\n}\n  line two \r\nend', 'line two', 'abcdef', 'abc', 'ab'])
  expect(maskValues(['ü'])).toEqual(['ü'])
})
