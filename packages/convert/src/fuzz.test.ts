import { readDocuments } from '@waggle/pipeline'
import { describe, expect, it } from 'vitest'
import { ConversionError } from './conversion-error.ts'
import { runTemplate } from './go-template/run-template.ts'
import { type JsonnetProgram, readProgram } from './jsonnet-program.ts'
import { readTokens } from './jsonnet-tokens.ts'
import { convertLegacy } from './legacy/convert-legacy.ts'
import { printYaml } from './print-yaml.ts'
import { toValue, type Value } from './yaml-value.ts'

/** The same numbers every time: a failure can be looked at. */
const numbers = (seed: number) => () => {
  seed = (seed * 1_664_525 + 1_013_904_223) % 4_294_967_296
  return seed / 4_294_967_296
}

const texts = (pieces: readonly string[], count: number): string[] => {
  const next = numbers(7)
  return Array.from({ length: count }, () =>
    Array.from(
      { length: 1 + Math.floor(next() * 14) },
      () => pieces[Math.floor(next() * pieces.length)] ?? '',
    ).join(''),
  )
}

/** `null`: refused in words. */
const tried = <T>(work: () => T): T | null => {
  try {
    return work()
  } catch (error) {
    if (error instanceof ConversionError) return null
    throw error
  }
}

const jsonnetPieces = [
  ...[
    'import',
    'importstr',
    'importbin',
    ' ',
    '\n',
    '\r',
    '\t',
    '"',
    "'",
    '@',
    '|||',
    '|||-',
    '\\',
    '\\u0041',
  ],
  ...[
    '/',
    '//',
    '/*',
    '*/',
    '#',
    '|',
    '||',
    '{',
    '}',
    '[',
    ']',
    '(',
    ')',
    ':',
    ',',
    '.',
    '+',
    '-',
    '$',
    '1',
    '1e5',
  ],
  ...[
    'x',
    'local',
    '=',
    '/etc/passwd',
    'a/b',
    '../..',
    '\u2028',
    '\u0000',
    'é',
    '  y\n',
    '\n |||',
    '0.5',
    '_',
  ],
]

describe('Jsonnet programs of random pieces', () => {
  it('are printed so that a second reading finds the same imports, each a plain string', () => {
    const printed = texts(jsonnetPieces, 15_000).flatMap((text) => {
      const program = tried(() => readProgram('a.jsonnet', text))
      return program === null ? [] : [{ text, program }]
    })
    expect(printed.length).toBeGreaterThan(200)
    const wrong = printed.filter(({ text, program }) => !isFaithful(text, program))
    expect(wrong.map(({ text }) => text)).toEqual([])
  })
})

/** No comments, no line lost, and after each import a plain string that leads nowhere but to a fetched file. */
const isFaithful = (text: string, program: JsonnetProgram): boolean => {
  const again = readTokens('a.jsonnet', program.text)
  const words = again.filter(({ kind }) => kind !== 'blank')
  const imports = words.flatMap(({ kind, text: word }, at) =>
    kind === 'name' && /^import(str|bin)?$/.test(word) ? [words[at + 1]?.text ?? 'nothing'] : [],
  )
  return (
    words.every(({ kind }) => kind !== 'comment') &&
    imports.length === program.imports.length &&
    imports.every((literal) => /^"(?!\/)(?!\.\.)[^\\"]*"$/.test(literal)) &&
    program.text.split('\n').length === text.split('\n').length
  )
}

const templatePieces = [
  ...[
    '{{',
    '}}',
    '{{-',
    '-}}',
    ' ',
    '\n',
    '"',
    '`',
    "'",
    '|',
    '(',
    ')',
    '.',
    '.a',
    '$',
    '$x',
    ':=',
    '=',
    ',',
    '1',
    '-2',
  ],
  ...[
    'if',
    'else',
    'end',
    'range',
    'with',
    'define',
    'template',
    'block',
    'break',
    'printf',
    '"%s"',
    'index',
    'eq',
  ],
  ...[
    'and',
    'len',
    'split',
    'replace',
    'indent',
    'fromYaml',
    'toYaml',
    '/*',
    '*/',
    'text',
    '{{ .a }}',
    '{{ end }}',
  ],
  ...['{{ range .a }}', '{{ if .b }}', '{{ $x := 1 }}'],
]

describe('templates of random pieces', () => {
  it('end in a text or in words', () => {
    const data = new Map<string, Value>([
      ['a', ['x', 1n, null]],
      ['b', new Map([['c', 'd']])],
    ])
    const made = texts(templatePieces, 15_000).map((text) =>
      tried(() => runTemplate({ path: 't.yml', text }, data, 0)),
    )
    expect(made.filter((one) => one !== null).length).toBeGreaterThan(200)
  })
})

const legacyPieces = [
  ...[
    'pipeline:\n',
    'services:\n',
    'matrix:\n',
    'branches: ',
    'secrets: ',
    '  a:\n',
    '    image: b\n',
    '    when: ',
  ],
  ...[
    '  A: [1, 2]\n',
    '  include: ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    'x',
    ': ',
    '\n',
    '  ',
    '~',
    `$\{A}`,
    '*a',
    '&a ',
    '<<: ',
  ],
  ...[
    '    volumes: [a:b]\n',
    '    environment: [A=b]\n',
    '    secrets: [x]\n',
    '__proto__: 1\n',
    '"',
    '#',
  ],
]

describe('old files of random pieces', () => {
  it('end in a pipeline file or in words', () => {
    const made = texts(legacyPieces, 4_000).map((text) =>
      tried(() => convertLegacy(`pipeline:\n${text}`)),
    )
    const converted = made.filter((one) => one !== null)
    expect(converted.length).toBeGreaterThan(50)
    const wrong = converted.filter((text) => readDocuments(text).issues.length > 0)
    expect(wrong).toEqual([])
  })
})

describe('printed YAML', () => {
  it('reads back as the same value', () => {
    const words = [
      '',
      'a',
      'yes',
      '1.10',
      '0x1',
      '~',
      'a: b',
      '- a',
      '#',
      'é\n',
      ' a',
      '...',
      '---',
      '\u2028',
      '2001-01-01',
    ]
    const next = numbers(3)
    const make = (depth: number): Value => {
      const kind = Math.floor(next() * (depth > 2 ? 4 : 6))
      const word = words[Math.floor(next() * words.length)] ?? ''
      if (kind === 4) return Array.from({ length: Math.floor(next() * 4) }, () => make(depth + 1))
      if (kind === 5)
        return new Map([
          [word, make(depth + 1)],
          ['k', make(depth + 1)],
        ])
      return [word, BigInt(Math.floor(next() * 99)), next() > 0.5, null][kind] ?? null
    }
    for (let round = 0; round < 3_000; round++) {
      const value = new Map([['v', make(0)]])
      const { documents, issues } = readDocuments(printYaml(value))
      expect(issues).toEqual([])
      const root = documents[0]?.root
      expect(root && toValue(root)).toEqual(value)
    }
  })
})
