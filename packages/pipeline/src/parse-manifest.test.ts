import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ParsedManifest, Pipeline } from './manifest.ts'
import { formatIssue } from './manifest-issue.ts'
import { parseManifest } from './parse-manifest.ts'

const codes = (manifest: ParsedManifest): string[] => manifest.issues.map((issue) => issue.code)

const pipelineOf = (text: string): Pipeline => {
  const manifest = parseManifest(text)
  expect(manifest.issues).toEqual([])
  const document = manifest.documents.find(({ role }) => role === 'pipeline')
  if (document?.role !== 'pipeline') throw new Error('no pipeline')
  return document.pipeline
}

const step = (text: string) =>
  pipelineOf(`kind: pipeline\nsteps:\n- name: a\n  image: b\n  ${text}\n`).steps[0]!

describe('parseManifest', () => {
  it('fills in what a pipeline does not say', () => {
    expect(pipelineOf('kind: pipeline')).toMatchObject({
      name: 'default',
      type: 'docker',
      steps: [],
    })
  })

  it('splits by lines that begin with dashes, and ends at three dots', () => {
    const text =
      '# comment\n---\nkind: pipeline\r\nname: a\r\n--- rest is lost\nkind: secret\n...\nkind: [\n'
    const { documents, issues } = parseManifest(text)
    expect(issues).toEqual([])
    expect(documents.map(({ kind, raw, line }) => [kind, raw, line])).toEqual([
      ['', '# comment\n', 1],
      ['pipeline', 'kind: pipeline\nname: a\n', 3],
      ['secret', 'kind: secret\n', 6],
    ])
  })

  it('finds nothing in an empty file, and ignores documents without content', () => {
    expect(parseManifest('')).toEqual({ documents: [], issues: [] })
    expect(parseManifest('---\n---\n# x\n---\n').issues).toEqual([])
  })

  it('takes the source text of scalars for strings', () => {
    expect(
      step('environment: {A: 1.10, B: yes, C: 0755, D: 2001-01-01, E: ~, F: "", G: 1_0}'),
    ).toMatchObject({
      environment: {
        A: { value: '1.10' },
        B: { value: 'yes' },
        C: { value: '0755' },
        D: { value: '2001-01-01' },
        F: { value: '' },
        G: { value: '1_0' },
      },
      environmentKeys: ['A', 'B', 'C', 'D', 'E', 'F', 'G'],
    })
  })

  it.each<[string, object]>([
    ['environment: {A: {from_secret: s}}', { environment: { A: { kind: 'secret', secret: 's' } } }],
    ['environment: {A: {value: v}}', { environment: { A: { kind: 'literal', value: 'v' } } }],
    [
      'environment: {A: {value: v, from_secret: s}}',
      { environment: { A: { kind: 'secret', secret: 's' } } },
    ],
    ['environment: {A: {other: v}}', { environment: { A: { kind: 'literal', value: '' } } }],
    [
      'environment: {A: {from_secret: " "}}',
      { environment: { A: { kind: 'literal', value: '' } } },
    ],
    ['settings: {a: {from_secret: s, b: c}}', { settings: { a: { kind: 'secret', secret: 's' } } }],
    ['settings: {a: ~}', { settings: {} }],
    ['detach: on', { detach: true }],
    ['commands: [a, ~, 1.0]', { commands: ['a', '', '1.0'] }],
    ['mem_limit: 64mi', { memoryBytes: 67_108_864 }],
    ['shm_size: 2048', { shmBytes: 2_048 }],
    ['volumes: [{name: a, path: /b}]', { volumes: [{ name: 'a', path: '/b' }] }],
    ['unknown: {deep: [1]}', { name: 'a' }],
  ])('reads %s', (text, expected) => {
    expect(step(text)).toMatchObject(expected)
  })

  it.each<[string, string]>([
    ['commands: a', 'cannot unmarshal !!str `a` into []string'],
    ['commands: {a: b}', 'cannot unmarshal !!map into []string'],
    ['commands: [[a]]', 'cannot unmarshal !!seq into string'],
    ['image: [a]', 'cannot unmarshal !!seq into string'],
    ['detach: "true"', 'cannot unmarshal !!str `true` into bool'],
    ['detach: 1', 'cannot unmarshal !!int `1` into bool'],
    ['environment: [A=B]', 'cannot unmarshal !!seq into mapping'],
    ['environment: {A: [b]}', 'cannot unmarshal !!seq into string'],
    ['mem_limit: abc', "invalid size: 'abc'"],
    ['when: [push]', 'cannot unmarshal !!seq into mapping'],
    ['resources: {limits: {cpu: 500m}}', 'cannot unmarshal !!str `500m` into float'],
  ])('refuses %s', (text, message) => {
    const { issues } = parseManifest(`kind: pipeline\nsteps:\n- name: a\n  ${text}\n`)
    expect(issues).toMatchObject([{ code: 'type_mismatch', document: 1, line: 4, message }])
  })

  it('tells all mistakes at once, with their places in the whole file', () => {
    const text =
      'kind: pipeline\n---\nkind: pipeline\nname: [a]\nsteps:\n- commands: x\n---\nname: b\n'
    const { issues } = parseManifest(text)
    expect(issues.map(formatIssue)).toEqual([
      'document 2, line 4, column 7: name: cannot unmarshal !!seq into string',
      'document 2, line 6, column 13: steps[0].commands: cannot unmarshal !!str `x` into []string',
      'document 3, line 8, column 1: yaml: missing kind attribute',
    ])
  })

  it.each(['secret', 'signature', 'cron', 'registry', 'template', '~'])(
    'decodes the keys that documents of every kind have in one of kind %s',
    (kind) => {
      const { issues } = parseManifest(`kind: ${kind}\nname: [a]\ntype: {b: c}\nversion: [1]\n`)
      const mistakes = issues.filter(({ code }) => code === 'type_mismatch').map(({ path }) => path)
      expect(mistakes).toEqual(['name', 'type', 'version'])
    },
  )

  it('tells a key that is not allowed once, whoever finds it', () => {
    const text = 'kind: pipeline\nsteps: [{settings: {__proto__: 1}}]\n'
    expect(codes(parseManifest(text))).toEqual(['forbidden_key'])
  })

  it('reads a line of any length to its end', () => {
    const name = 'x'.repeat(200_000)
    const text = `kind: pipeline\nsteps: [{name: a, image: ${name}, commands: [b]}]\nname: last\n`
    expect(pipelineOf(text)).toMatchObject({ name: 'last', steps: [{ image: name }] })
  })

  it('knows no anchor of another document', () => {
    const text = 'kind: secret\nname: &x a\n---\nkind: pipeline\nname: *x\n'
    expect(parseManifest(text).issues.map(formatIssue)).toEqual([
      "document 2, line 5, column 7: name: yaml: unknown anchor 'x' referenced, or an anchor that contains itself",
    ])
  })

  it('goes on behind an unknown anchor, a merge of no mapping and a key that is none', () => {
    const text = 'kind: pipeline\na: *b\nc: {<<: [1]}\n? [d]\n: e\nname: [f]\n'
    expect(codes(parseManifest(text))).toEqual([
      'yaml_alias',
      'yaml_merge',
      'yaml_key',
      'type_mismatch',
    ])
  })

  it.each<[string, string]>([
    ['kind: pipeline\nname: [a\n', 'yaml_syntax'],
    ['kind: pipeline\n\tname: a\n', 'yaml_syntax'],
    ['a: *nope\n', 'yaml_alias'],
    ['a: &x {b: *x}\n', 'yaml_alias'],
    ['<<: 1\n', 'yaml_merge'],
    ['? [a]\n: b\n', 'yaml_key'],
    ['kind: "a\\0b"\n', 'yaml_nul'],
    ['just text\n', 'missing_kind'],
    ['- kind: pipeline\n', 'missing_kind'],
    ['kind: ~\n', 'missing_kind'],
    ['kind: pipeline\n__proto__: {a: 1}\n', 'forbidden_key'],
    ['kind: pipeline\nenvironment: {constructor: 1}\n', 'forbidden_key'],
    ['kind: pipeline\nsteps: [{settings: {a: {prototype: 1}}}]\n', 'forbidden_key'],
  ])('%j is an issue %s', (text, code) => {
    expect(codes(parseManifest(text))).toContain(code)
    expect(Object.getPrototypeOf({})).toBe(Object.prototype)
  })

  it('resolves anchors and merge keys inside of a document, the own key winning', () => {
    const text = [
      'kind: pipeline',
      'x: &base {image: one, pull: never}',
      'steps:',
      '- {<<: *base, name: a}',
      '- {image: two, <<: *base, name: b}',
    ].join('\n')
    expect(pipelineOf(text).steps).toMatchObject([
      { name: 'a', image: 'one', pull: 'never' },
      { name: 'b', image: 'two', pull: 'never' },
    ])
  })

  it('lets the last of equal keys count', () => {
    expect(pipelineOf('kind: pipeline\nname: a\nname: b\n').name).toBe('b')
  })

  it.each<[string, string, string]>([
    ['a text over 1 MiB', `#${'x'.repeat(1_048_576)}`, 'limit_size'],
    ['deep brackets', `kind: ${'['.repeat(20_000)}`, 'limit_depth'],
    ['deep dashes', `${'- '.repeat(20_000)}x`, 'limit_depth'],
    [
      'deep mappings',
      Array.from({ length: 1_400 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      'limit_depth',
    ],
    ['many scalars', `kind: pipeline\nx: [${'a,'.repeat(160_000)}]`, 'limit_nodes'],
    ['half a million dashes', '-\n'.repeat(500_000), 'limit_nodes'],
    ['half a million brackets', '}\n'.repeat(500_000), 'limit_nodes'],
    ['many scalars in folded brackets', `x: [\n ${'a,'.repeat(30_000)}]`, 'limit_nodes'],
    ['a million line feeds and an anchor', `a: &a${'\n'.repeat(1_000_000)}`, 'limit_nodes'],
    [
      'an alias bomb',
      `a0: &a0 [x, x]\n${Array.from({ length: 60 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`).join('\n')}`,
      'limit_nodes',
    ],
    [
      'a merge bomb',
      `a: &a {${Array.from({ length: 500 }, (_, i) => `k${i}: v`).join(', ')}}\nb: {<<: [${'*a,'.repeat(500)}]}`,
      'limit_nodes',
    ],
    ['many documents', '---\nkind: secret\n'.repeat(2_001), 'limit_documents'],
    ['many stages', '---\nkind: pipeline\n'.repeat(501), 'limit_stages'],
    ['many steps', `kind: pipeline\nsteps: [${'{},'.repeat(2_001)}]`, 'limit_steps'],
    [
      'many steps in all',
      `---\nkind: pipeline\nsteps: [${'{},'.repeat(1_500)}]\n`.repeat(7),
      'limit_steps',
    ],
  ])('names the limit that %s exceeds', (_, text, code) => {
    const manifest = parseManifest(text)
    const issue = manifest.issues.find((candidate) => candidate.code === code)
    expect(issue?.message).toContain('limit')
  })

  it('takes files at the edge of the limits', () => {
    expect(parseManifest(`kind: pipeline\nsteps: [${'{},'.repeat(2_000)}]`).issues).toEqual([])
    expect(parseManifest('---\nkind: pipeline\n'.repeat(500)).issues).toEqual([])
    expect(parseManifest('---\n'.repeat(200_000)).issues).toEqual([])
    expect(parseManifest(`kind: pipeline\n${'\n'.repeat(1_000_000)}`).issues).toEqual([])
    const steps = (count: number) => '- {name: a, image: b, commands: [c]}\n'.repeat(count)
    const stage = `---\nkind: pipeline\nsteps:\n${steps(20)}`
    expect(parseManifest(stage.repeat(500)).issues).toEqual([])
  })

  it('never throws, whatever becomes of a file', () => {
    const seed =
      'kind: pipeline\nname: &n a\nsteps:\n- name: *n\n  image: "b\\n"\n  when: {branch: [m, !!str x]}\n'
    const pieces = fc.constantFrom(
      '[',
      ']',
      '{',
      '}',
      ':',
      '- ',
      '\n',
      '&n ',
      '*n',
      '"',
      "'",
      '|',
      '>',
      '\t',
      '%',
      '!',
      '? ',
      '<<: *n',
      '\u0000',
      '\u2028',
      '😀',
      '---\n',
    )
    const edit = fc.record({ at: fc.nat(seed.length), cut: fc.nat(4), add: pieces })
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
        let text = seed
        for (const { at, cut, add } of edits) text = text.slice(0, at) + add + text.slice(at + cut)
        const manifest = parseManifest(text)
        for (const issue of manifest.issues) expect(formatIssue(issue)).not.toContain('\n')
      }),
      { numRuns: 500 },
    )
  })
})
