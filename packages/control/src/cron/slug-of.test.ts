import { expect, test } from 'vitest'
import { slugOf } from './slug-of.ts'

test.each([
  ['nightly', 'nightly'],
  ['  Nightly Build! ', 'nightly-build'],
  ['a_b-c', 'a_b-c'],
  ['--a--b--', 'a-b'],
  ['Straße für Œuvres', 'strasse-fur-oeuvres'],
  ['a/b\\c..d', 'a-b-c-d'],
  ['日本', ''],
  ['***', ''],
  ['', ''],
])('%j becomes %j', (text, slug) => {
  expect(slugOf(text)).toBe(slug)
})
