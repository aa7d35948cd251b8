// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions of pipeline files look like this
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { readDocuments } from '../yaml/read-documents.ts'
import type { YamlNode } from '../yaml/yaml-node.ts'
import { type SubstitutedDocument, substituteDocument } from './substitute-document.ts'

const evil = '"; touch /tmp/owned; echo `id` $(id) \'x'
const known: Record<string, string> = {
  NAME: 'n',
  YES: 'yes',
  NONE: '',
  LINES: 'a: 1\n"b" \\c',
  DRONE_COMMIT_MESSAGE: evil,
  PARAM: `it's $HOME`,
  TRAP: 'x}, privileged: true, y: {z',
}

const substituted = (text: string): SubstitutedDocument => {
  const { documents, issues } = readDocuments(text)
  expect(issues).toEqual([])
  return substituteDocument(documents[0]!.root!, 1, {
    lookup: (name) => known[name] ?? '',
    isStable: (name) => name.startsWith('DRONE_'),
  })
}

const plain = (node: YamlNode): unknown => {
  if (node.kind === 'scalar') return node.text
  if (node.kind === 'list') return node.items.map(plain)
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, plain(value)]))
}

const commandOf = (command: string): { text: string; result: SubstitutedDocument } => {
  const result = substituted(`steps:\n- commands:\n  - ${JSON.stringify(command)}\n`)
  const root = plain(result.root) as { steps: { commands: string[] }[] }
  return { text: root.steps[0]!.commands[0]!, result }
}

describe('substituteDocument', () => {
  it('substitutes keys and values, and never adds structure', () => {
    expect(plain(substituted('"x-${NAME}": {a: "${TRAP}"}\nb: ${NAME}1\n').root)).toEqual({
      'x-n': { a: 'x}, privileged: true, y: {z' },
      b: 'n1',
    })
  })

  it('quotes a value with line feeds where it stands amid text, and leaves it where it is a scalar', () => {
    const quoted = String.raw`"a: 1\n\"b\" \\c"`
    const text = 'a: ${LINES}\nb: x ${LINES}\nc: |\n  x ${LINES}\nd: \'${LINES}\'\ne: "${LINES}"\n'
    expect(plain(substituted(text).root)).toEqual({
      a: known['LINES'],
      b: `x ${quoted}`,
      c: `x ${quoted}\n`,
      d: quoted,
      e: known['LINES'],
    })
  })

  it('tells every syntax error with its place', () => {
    const { issues } = substituted('a: ${\nb: [x, "${v-d}"]\n')
    expect(issues).toMatchObject([
      { code: 'substitution', line: 1, path: 'a' },
      { code: 'substitution', line: 2, path: 'b[1]', message: expect.stringContaining('closing') },
    ])
  })

  it('inserts benign values into commands', () => {
    expect(commandOf('echo ${NAME} "${YES}" $HOME $${NAME} ${NONE}').text).toBe(
      'echo n "yes" $HOME ${NAME} ',
    )
  })

  it('makes a reference of a value with shell metacharacters, and says so', () => {
    const { text, result } = commandOf('echo ${DRONE_COMMIT_MESSAGE} ${PARAM} ${PARAM^^} ${PARAM}')
    expect(text).toBe(
      'echo ${DRONE_COMMIT_MESSAGE} ${WAGGLE_VALUE_1} ${WAGGLE_VALUE_2} ${WAGGLE_VALUE_1}',
    )
    expect(result.made).toEqual({ WAGGLE_VALUE_1: "it's $HOME", WAGGLE_VALUE_2: "IT'S $HOME" })
    expect(result.warnings).toHaveLength(4)
    expect(result.warnings[0]).toContain(
      'steps[0].commands[0]: the value of ${DRONE_COMMIT_MESSAGE}',
    )
  })

  it('leaves other scalars of a step alone', () => {
    const { root } = substituted('steps:\n- environment: {A: "${DRONE_COMMIT_MESSAGE}"}\n')
    expect(plain(root)).toEqual({ steps: [{ environment: { A: evil } }] })
  })

  it.each([
    'printf %s "${DRONE_COMMIT_MESSAGE}"',
    "printf %s '${DRONE_COMMIT_MESSAGE}'",
    'printf %s \'a \'"${DRONE_COMMIT_MESSAGE}"',
    '# it\'s a comment\nprintf %s "${DRONE_COMMIT_MESSAGE}"',
    "printf %s 'it'\\''s '\"${DRONE_COMMIT_MESSAGE}\"",
  ])('prints the message, and runs nothing of it, in a real shell: %s', (command) => {
    const { text } = commandOf(command)
    const env = { DRONE_COMMIT_MESSAGE: evil }
    const output = execFileSync('/bin/sh', ['-ec', text], { env, encoding: 'utf8' })
    expect(output.endsWith(evil)).toBe(true)
  })

  it('keeps a value out of the line that a health check has a shell run', () => {
    const check = (command: string) =>
      plain(substituted(`services: [{waggle: {healthcheck: {command: ${command}}}}]`).root) as {
        services: { waggle: { healthcheck: { command: unknown } } }[]
      }
    const line = check('"ping ${NAME} \'${PARAM}\'"')
    expect(line.services[0]?.waggle.healthcheck.command).toBe("ping n ''\"${WAGGLE_VALUE_1}\"''")
    // A program gets its arguments as they are.
    const words = check('[ping, "${PARAM}"]')
    expect(words.services[0]?.waggle.healthcheck.command).toEqual(['ping', known['PARAM']])
  })

  it('speaks PowerShell on Windows', () => {
    const { root } = substituted(
      'platform: {os: windows}\nsteps:\n- commands: ["echo ${DRONE_COMMIT_MESSAGE}"]\n',
    )
    expect(plain(root)).toMatchObject({
      steps: [{ commands: ['echo ${Env:DRONE_COMMIT_MESSAGE}'] }],
    })
  })
})
