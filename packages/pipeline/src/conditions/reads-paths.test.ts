import { expect, it } from 'vitest'
import { parseManifest } from '../parse-manifest.ts'
import { readsPaths } from './reads-paths.ts'

it.each<[string, boolean]>([
  ['kind: pipeline\ntrigger: {paths: [docs/**]}', true],
  ['kind: pipeline\nsteps: [{name: a, image: b, when: {paths: {exclude: [docs/**]}}}]', true],
  ['kind: pipeline\nservices: [{name: a, image: b, when: {paths: docs/**}}]', true],
  ['kind: pipeline\nname: a\n---\nkind: pipeline\nname: b\ntrigger: {paths: [x]}', true],
  ['kind: pipeline\ntrigger: {paths: []}', false],
  ['kind: pipeline\ntrigger: {branch: paths}', false],
  ['kind: secret\nname: paths', false],
  ['', false],
])('%j asks for changed files: %j', (text, expected) => {
  expect(readsPaths(parseManifest(text))).toBe(expected)
})
