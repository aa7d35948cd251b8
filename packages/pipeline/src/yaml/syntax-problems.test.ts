import { expect, it } from 'vitest'
import { formatIssue } from '../manifest-issue.ts'
import { parseManifest } from '../parse-manifest.ts'

const unclosedList =
  'yaml: Flow sequence in block collection must be sufficiently indented and end with a ]'
const unclosedMap =
  'yaml: Flow map in block collection must be sufficiently indented and end with a }'

/** Each with its only problem, as people read it. */
it.each<[string, string, string]>([
  ['a bracket open at the end', 'name: [a\n', `line 3, column 9: name: ${unclosedList}`],
  ['no line feed behind it', 'name: [a', `line 3, column 9: name: ${unclosedList}`],
  ['an empty one', 'name: [\n', `line 3, column 8: name: ${unclosedList}`],
  ['blank lines behind it', 'name: [a\n\n  \n\n', `line 3, column 9: name: ${unclosedList}`],
  [
    'comments behind it',
    'platform: {os: linux # no\n\n# x\n  # y\n',
    `line 3, column 26: platform: ${unclosedMap}`,
  ],
  [
    'a bracket open before the next key',
    'name: [a\nsteps: []\n',
    `line 3, column 9: name: ${unclosedList}`,
  ],
  [
    'a bracket open before the next document',
    'name: [a\n---\nkind: pipeline\nname: b\n',
    `line 3, column 9: name: ${unclosedList}`,
  ],
  ['brackets of Windows', 'name: [a\r\n', `line 3, column 9: name: ${unclosedList}`],
  [
    'a bracket of a step',
    'steps:\n- name: x\n- commands: [a,\n    b\n  image: y\n',
    `line 6, column 6: steps[1].commands: ${unclosedList}`,
  ],
  [
    'brackets in brackets',
    'steps: [{commands: [a\n',
    `line 3, column 22: steps[0].commands: ${unclosedList}`,
  ],
  [
    'a quote, at its beginning',
    'name: "abc\nsteps: []\n',
    'line 3, column 7: name: yaml: Missing closing "quote',
  ],
  [
    'a quote of a step',
    "steps:\n- name: 'abc\n",
    "line 4, column 9: steps[0].name: yaml: Missing closing 'quote",
  ],
  [
    'a colon too many',
    'name: a: b\n',
    'line 3, column 7: name: yaml: Nested mappings are not allowed in compact mappings',
  ],
  [
    'a bracket too many',
    'name: [a]]\n',
    'line 3, column 10: name: yaml: Unexpected flow-seq-end token in YAML stream: "]"',
  ],
  [
    'a tab',
    'steps:\n\t- name: a\n',
    'line 4, column 1: steps: yaml: Tabs are not allowed as indentation',
  ],
  [
    'a sign that is reserved',
    'steps:\n- name: @a\n',
    'line 4, column 9: steps[0].name: yaml: Plain value cannot start with reserved character @',
  ],
  [
    'a key without a colon',
    'name: a\nlast\n',
    'line 4, column 1: last: yaml: Implicit map keys need to be followed by map values',
  ],
])('names key, line and column of %s', (_, text, expected) => {
  const { issues } = parseManifest(`---\nkind: pipeline\n${text}`)
  expect(issues.map(formatIssue)).toEqual([`document 1, ${expected}`])
})

it('tells the mistakes of each document, of several at one place the first', () => {
  const text = 'kind: pipeline\n- a\n---\nkind: pipeline\nname: [b\n---\nkind: pipeline\nsteps: x\n'
  expect(parseManifest(text).issues.map(formatIssue)).toEqual([
    'document 1, line 2, column 1: yaml: Implicit keys need to be on a single line',
    `document 2, line 5, column 9: name: ${unclosedList}`,
    'document 3, line 8, column 8: steps: cannot unmarshal !!str `x` into []mapping',
  ])
})
