// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions of pipeline files look like this
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readDocuments } from '../yaml/read-documents.ts'
import { resolveScalar } from '../yaml/scalar.ts'
import type { YamlNode } from '../yaml/yaml-node.ts'
import { quoteValue } from './quote-value.ts'
import { substitute, Values } from './substitute.ts'
import { substituteDocument } from './substitute-document.ts'

/** A tree with what its scalars mean. */
const meaning = (node: YamlNode): unknown => {
  if (node.kind === 'list') return node.items.map(meaning)
  if (node.kind === 'map')
    return [...node.entries.values()].map(({ key, value }) => [key.text, meaning(value)])
  const value = resolveScalar(node)
  return value.type === 'null' ? null : `${value.type} ${String(value.value)}`
}

type Lookup = (name: string) => string

/** As the reference does it: in the text, before anything is parsed. `null`: that is no YAML any more. */
const inText = (text: string, lookup: Lookup): unknown => {
  const quoting = new Values((name) => {
    const value = lookup(name)
    return value.includes('\n') ? quoteValue(value) : value
  })
  const { documents, issues } = readDocuments(substitute(text, quoting))
  return issues.length > 0 ? null : documents.map(({ root }) => (root ? meaning(root) : null))
}

const inScalars = (text: string, lookup: Lookup): unknown => {
  const { documents, issues } = readDocuments(text)
  expect(issues).toEqual([])
  return documents.map(({ root, number }) => {
    if (!root) return null
    const result = substituteDocument(root, number, { lookup, isStable: () => true })
    expect(result.issues).toEqual([])
    return meaning(result.root)
  })
}

const known: Readonly<Record<string, string>> = {
  A: 'one',
  B: 'feat/two-2',
  E: '',
  N: '17',
  T: 'true',
  S: 'with some words',
  L: 'first: line\n"second" \\ line\n',
}

describe('substitution in scalars is as good as in the text', () => {
  it.each([
    'a: ${A}',
    'a: x ${E}',
    'a: ${E} x # comment',
    'a: ${E}\nb: ${T}\nc: ${N}0\nd: ~${E}\ne: n${E}o',
    '${A}: {"${B}": [x, "${S}", \'${E}\']}',
    'a: |\n  ${A}\n  ${E}\n',
    'a: |\n  ${E}\n  x\n',
    'a: |\n  ${E} ${A}\n   x\nb: |-\n\n  ${E} x',
    'a: |\n  ${E}\nb: 1',
    'a: |-\n  x\n  ${E}\n',
    'a: |+\n  x\n  ${E}\n\n',
    'a: |+\n  ${E}\n',
    'a: >\n  one\n  ${E}\n  two ${B}\n\n  three',
    'a: >-\n  one\n  ${E}',
    'a: |2\n   ${A}\n  x\n',
    'a: one\n  ${E}\n  two',
    "a: 'one ''\n  ${E}\n\n  ${B}'",
    'a: "one\\t\n  ${E}\n  ${S}\\\n  end"',
    'a: "${B/\\//-}"',
    'a: "${A:-\\"x\\"}${E:-\\ty}${A/n/\\x41}"',
    "a: '${B/\\//-}'\nb: ${B//\\//-}",
    'a: ${L}\nb: ${A}',
    'a: ${L/first/last}',
    'a: |\n  x ${L}\n  y',
    'steps:\n- commands:\n  - echo ${A} "${B/\\//-}" $${HOME}\n  - >\n    one\n    ${E}\n    two\n  - "a\\tb ${N}"\n',
    'x: &x ${A}\ny: *x\nz: {<<: {k: "${B}"}}',
    '--- \na: ${A}\n---\nb: ${B}\n',
  ])('%j', (text) => {
    const lookup = (name: string) => known[name] ?? ''
    const expected = inText(text, lookup)
    expect(expected).not.toBeNull()
    expect(inScalars(text, lookup)).toEqual(expected)
  })

  it('gives a file that the text would have broken its plain meaning', () => {
    const text = 'a: ${L#"}x'
    const lookup = (name: string) => known[name] ?? ''
    expect(inText(text, lookup)).toBeNull()
    expect(inScalars(text, lookup)).toEqual([
      [['a', String.raw`str first: line\n\"second\" \\ line\n"x`]],
    ])
  })

  const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_./-]{0,6}( [a-z]{1,4})?$/)
  const value = fc.oneof(word, fc.constantFrom('', 'yes', '12', 'null', '1.10', 'ä/ö'))
  const expression = fc.constantFrom(
    ...['${A}', '${B}', '${E}', '$${A}', '$A', '${A^^}', '${B:0:2}', '${#B}', '${B%/*}'],
    ...['${B//[/-}', '${A/a/${B}}', '${E:-dflt}', '${E:=${A}}', '${B/\\//-}', '${NOPE}'],
  )
  const plainText = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/)
  const line = fc
    .array(fc.oneof(expression, plainText), { minLength: 1, maxLength: 3 })
    .chain((parts) => fc.constantFrom(parts.join(''), parts.join(' ')))
  const lines = fc.array(line, { minLength: 1, maxLength: 4 })
  const scalar = fc.oneof(
    line,
    line.map((text) => `'${text}'`),
    line.map((text) => `"${text}"`),
    line.map((text) => `"\\t${text}\\u0041"`),
    lines.map((all) => all.join('\n    ')),
    lines.map((all) => `"${all.join('\n\n    ')}"`),
    fc
      .tuple(fc.constantFrom('|', '|-', '|+', '>', '>-', '>+'), lines)
      .map(([header, all]) => `${header}\n    ${all.join('\n    ')}`),
  )
  const manifest = fc
    .array(fc.tuple(fc.stringMatching(/^k[a-z]{0,3}$/), scalar, fc.boolean()), {
      minLength: 1,
      maxLength: 4,
    })
    .map((entries) =>
      entries
        .map(([key, text, isList], at) =>
          isList ? `${key}${at}:\n  - ${text}\n  - {x: 1}` : `${key}${at}: ${text}`,
        )
        .join('\n'),
    )

  it('whatever the scalars and the benign values', () => {
    fc.assert(
      fc.property(manifest, value, value, (text, a, b) => {
        fc.pre(readDocuments(text).issues.length === 0)
        const lookup = (name: string) => ({ A: a, B: b })[name] ?? ''
        const expected = inText(text, lookup)
        fc.pre(expected !== null)
        expect(inScalars(text, lookup)).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })

  /** Everything of a tree but the texts of its values. */
  const shape = (node: YamlNode): unknown => {
    if (node.kind === 'list') return node.items.map(shape)
    if (node.kind === 'scalar') return 'scalar'
    return [...node.entries].map(([key, { value }]) => [key, shape(value)])
  }

  it('adds no key, no step and no list, whatever the value', () => {
    const yaml = fc.constantFrom(
      ...[
        '\n',
        ': ',
        ' #',
        '"',
        "'",
        '{',
        '}',
        '[',
        ']',
        '- ',
        '\\',
        '&a',
        '*a',
        '!!map',
        '|',
        '%',
      ],
      ...[
        'privileged: true',
        '\n---\n',
        '\n  - name: evil\n    image: x\n',
        '<<: *x',
        '\t',
        '\u2028',
        '$',
        '${A}',
      ],
    )
    const hostile = fc
      .array(fc.oneof(yaml, fc.string({ unit: 'binary', maxLength: 4 })), { maxLength: 6 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(manifest, hostile, hostile, (text, a, b) => {
        const { documents, issues } = readDocuments(text)
        fc.pre(issues.length === 0)
        for (const { root, number } of documents) {
          if (!root) continue
          const lookup = (name: string) => ({ A: a, B: b })[name] ?? ''
          const result = substituteDocument(root, number, { lookup, isStable: () => false })
          expect(shape(result.root)).toEqual(shape(root))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('resolves a plain scalar again, and no other', () => {
    const text = 'a: ${T}\nb: "${T}"\nc: \'${N}\'\nd: |-\n  ${T}\ne: ${N}'
    expect(inScalars(text, (name) => known[name] ?? '')).toEqual([
      [
        ['a', 'bool true'],
        ['b', 'str true'],
        ['c', 'str 17'],
        ['d', 'str true'],
        ['e', 'int 17'],
      ],
    ])
  })
})
