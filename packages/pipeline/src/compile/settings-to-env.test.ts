import { describe, expect, it } from 'vitest'
import { parseManifest } from '../parse-manifest.ts'
import { floatText, settingsToEnv } from './settings-to-env.ts'

const env = (settings: string): Record<string, string> => {
  const text = `kind: pipeline\nsteps:\n- name: a\n  settings:\n    ${settings.replaceAll('\n', '\n    ')}\n`
  const { documents, issues } = parseManifest(text)
  expect(issues).toEqual([])
  const [document] = documents
  return document?.role === 'pipeline' ? settingsToEnv(document.pipeline.steps[0]!.settings) : {}
}

describe('settingsToEnv', () => {
  it.each<[string, Record<string, string>]>([
    ['tags: [ "1.0", 1.0, true ]', { PLUGIN_TAGS: '1.0,1,true' }],
    ["tags: [ 'a,b', c ]", { PLUGIN_TAGS: 'a,b,c' }],
    ["tags: [ yes, 'yes' ]", { PLUGIN_TAGS: 'true,yes' }],
    ['opts: [ a, [b, c] ]', { PLUGIN_OPTS: '["a",["b","c"]]' }],
    ['opts: [ {k: 1}, {k: 2} ]', { PLUGIN_OPTS: '[{"k":1},{"k":2}]' }],
    ['map: { z: 1, a: [x, "y"] }', { PLUGIN_MAP: '{"a":["x","y"],"z":1}' }],
    ['opts: [ {from_secret: t} ]', { PLUGIN_OPTS: '[{"from_secret":"t"}]' }],
    ['text: |\n  one\n  two', { PLUGIN_TEXT: 'one\ntwo\n' }],
    ["flag: 'true'", { PLUGIN_FLAG: 'true' }],
    ['none: ~', {}],
    ['cache-from: a', { 'PLUGIN_CACHE-FROM': 'a' }],
    ['api.url: a', { 'PLUGIN_API.URL': 'a' }],
    ['fooBar: 0755', { PLUGIN_FOOBAR: '493' }],
    ['a: 0x1F', { PLUGIN_A: '31' }],
    ['a: 1_000', { PLUGIN_A: '1000' }],
    ['a: 1e3', { PLUGIN_A: '1e3' }],
    ['a: []', { PLUGIN_A: '' }],
    ['a: {}', { PLUGIN_A: '{}' }],
    ['a: [~, b]', { PLUGIN_A: ',b' }],
    ['a: !!binary aGk=', { PLUGIN_A: 'hi' }],
    [
      'a: {1: x, n: y, b: ~, c: 1234567.0}',
      { PLUGIN_A: '{"1":"x","b":null,"c":1234567,"false":true}' },
    ],
    ['a: 2001-01-01', { PLUGIN_A: '2001-01-01' }],
    ['a: [ on, off, y, "y" ]', { PLUGIN_A: 'true,false,true,y' }],
    ['a: [ 1.10, 3.0, 123456.0, 1000000.0, 0.00001 ]', { PLUGIN_A: '1.1,3,123456,1e+06,1e-05' }],
    ['a: [ .inf, -.inf, .nan ]', { PLUGIN_A: '+Inf,-Inf,NaN' }],
    [
      'a: { n: 1.0e+30, m: 1234567.0, b: yes, y: 1, t: "x<&>" }',
      {
        PLUGIN_A: '{"b":true,"false":1e+30,"m":1234567,"t":"x<&>","true":1}',
      },
    ],
    ['a: { é: 1, z: 2, Z: 3 }', { PLUGIN_A: '{"Z":3,"z":2,"é":1}' }],
    ['a: { b: { c: [ 1, ~, { d: e } ] } }', { PLUGIN_A: '{"b":{"c":[1,null,{"d":"e"}]}}' }],
    ['a: { b: t, from_secret: "" }', { PLUGIN_A: '{"b":"t","from_secret":""}' }],
    ['a: { b: t, from_secret: s }', {}],
  ])('%s', (settings, expected) => {
    expect(env(settings)).toEqual(expected)
  })

  it.each<[number, string]>([
    [1.1, '1.1'],
    [3, '3'],
    [123_456, '123456'],
    [1_000_000, '1e+06'],
    [1_234_567.5, '1.2345675e+06'],
    [0.00001, '1e-05'],
    [0.0001, '0.0001'],
    [1e100, '1e+100'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
    [Number.NaN, 'NaN'],
    [0, '0'],
  ])('prints the float %d as %s', (value, text) => {
    expect(floatText(value)).toBe(text)
  })
})
