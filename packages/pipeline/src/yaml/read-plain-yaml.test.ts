// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions of pipeline files look like this
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { manifestLimits } from '../limits.ts'
import { readPlainYaml } from './read-plain-yaml.ts'
import { readAnyYaml } from './read-yaml.ts'
import type { YamlNode } from './yaml-node.ts'

const read = (text: string) => {
  const raw = { text: text.endsWith('\n') ? text : `${text}\n`, line: 1 }
  const ours = { left: manifestLimits.nodes, richLeft: manifestLimits.nodes }
  const plain = readPlainYaml(raw, ours)
  const theirs = { left: manifestLimits.nodes, richLeft: manifestLimits.nodes }
  const any = readAnyYaml(raw, theirs)
  return { plain, any, spent: [ours.left, theirs.left] }
}

/** Where nothing is written there is no place: the library says the one behind the blanks. */
const placed = (node: YamlNode): unknown => {
  if (node.kind === 'list') return { ...node, items: node.items.map(placed) }
  if (node.kind === 'map')
    return {
      ...node,
      entries: [...node.entries].map(([name, { key, value }]) => [name, key, placed(value)]),
    }
  return node.text === '' && node.style === 'plain' ? 'nothing' : node
}

const expectSame = (text: string) => {
  const { plain, any, spent } = read(text)
  if (plain === null) return false
  if (plain.kind !== 'map') throw new Error('too many nodes')
  expect(any.problems).toEqual([])
  expect(placed(plain)).toEqual(any.root && placed(any.root))
  expect(spent[0]).toBe(spent[1])
  return true
}

const seed = `# comment
kind: pipeline
type:   docker   # trailing

name: "a b"
environment: { A: b, "C": 'it''s', D: [x, "y, z", 1.5], E: {} }
steps:
- name: build
  image: golang:1.22
  commands:
  - go build ./...
  - "echo \\"\${X}\\" \\n"
  - 'single'
  - |
    if true; then
      echo deep

    fi
  - |-
      x
  when:
    event: [push, tag]
    branch: { include: [main], exclude: [dev/*] }
  empty:
  nothing: ~
-   name: second
    image: a#b
    depends_on: [ build, ]
    list:
    - - a
      - b: c
        d: -1
    -
      e: f
    - g
# the end
`

describe('readPlainYaml', () => {
  it('reads what pipeline files are written in, as the library does', () => {
    expect(expectSame(seed)).toBe(true)
  })

  it.each([
    'a: b: c',
    'a: &x b',
    'a: *x',
    'a: !!str b',
    'a: b\n  c',
    'a: "b\n  c"',
    'a: >\n  b\n',
    'a: |+\n  b\n\n',
    'a: |2\n   b\n',
    'a:\tb',
    '? a\n: b',
    '<<: {a: b}',
    'a: [b',
    'a: [b: c]',
    'a: {b}',
    'a: [,]',
    '__proto__: a',
    'a: {constructor: a}',
    'a: {"__proto__": a}',
    'a: - b',
    '- a',
    'a: "\\u0041"',
    'a: [${X}, b]',
    'a: b\n   - c',
  ])('leaves %j to the library', (text) => {
    expect(read(text).plain).toBeNull()
  })

  it('agrees with the library on whatever it reads', () => {
    const pieces = fc.constantFrom(
      ...['[', ']', '{', '}', ':', ': ', ' :', ',', ', ', '- ', '-', '\n', '\n  ', '\n    ', ' '],
      ...['"', "'", '|', '|-', '>', '#', ' #', '?', '!', '%', '@', '`', '&a ', '*a', '~', '=', '.'],
      ...[
        '\\',
        '\\n',
        '${',
        'x',
        'key: v',
        '\nkey: v',
        '\n- x',
        '\n  - x: y\n',
        '|\n  x\n   y\n\n',
      ],
      ...['\u00e9', '\u{1f600}', '\n\n', '\n#c\n', '--', '...', '<<: x', '0x1', '{}', '[]', '""'],
    )
    const edit = fc.record({ at: fc.nat(seed.length), cut: fc.nat(6), add: pieces })
    let read = 0
    fc.assert(
      fc.property(
        fc.nat(seed.length),
        fc.nat(200),
        fc.array(edit, { minLength: 0, maxLength: 3 }),
        (from, length, edits) => {
          const start = seed.indexOf('\n', from) + 1
          let text = seed.slice(start, start + length)
          for (const { at, cut, add } of edits) {
            const place = text.length === 0 ? 0 : at % text.length
            text = text.slice(0, place) + add + text.slice(place + cut)
          }
          if (expectSame(text)) read += 1
        },
      ),
      { numRuns: 3_000 },
    )
    expect(read).toBeGreaterThan(200)
  })
})
