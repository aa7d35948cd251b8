import { makeHook } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { lintFile } from '../lint/lint-file.ts'
import { formatIssue } from '../manifest-issue.ts'
import { parseManifest } from '../parse-manifest.ts'
import { namedSecrets } from '../secrets/secret-names.ts'
import { planStages } from './plan-stages.ts'

const repo = { slug: 'acme/app', throttle: 0 }
const hook = makeHook({ event: 'push', target: 'main' })

const document = (name: string, matrix: string, more = '') =>
  `kind: pipeline\nname: ${name}\n${matrix === '' ? '' : `waggle: { matrix: ${matrix} }\n`}${more}steps:\n- { name: a, image: b }\n`

const stagesOf = (...documents: readonly string[]) => {
  const plan = planStages(parseManifest(documents.join('---\n')), hook, repo)
  if (plan.kind === 'error') throw new Error(plan.message)
  return plan.kind === 'stages' ? plan.stages : []
}

const issuesOf = (text: string) => {
  const manifest = parseManifest(text)
  return [...manifest.issues, ...lintFile(manifest)].map(formatIssue)
}

const axes = '{ axes: { NODE: [20, 22], DB: [pg, sqlite] } }'

describe('a matrix', () => {
  it('becomes a stage for each combination, the first axis turning slowest', () => {
    const stages = stagesOf(document('test', axes))
    expect(stages.map(({ number, name }) => [number, name])).toEqual([
      [1, 'test (NODE=20, DB=pg)'],
      [2, 'test (NODE=20, DB=sqlite)'],
      [3, 'test (NODE=22, DB=pg)'],
      [4, 'test (NODE=22, DB=sqlite)'],
    ])
  })

  it('leaves out what is excluded, and appends what is included', () => {
    const matrix =
      '{ axes: { NODE: [20, 22], DB: [pg, sqlite] }, exclude: [{ NODE: 20, DB: sqlite }, { NODE: 22, DB: pg }], include: [{ DB: my, NODE: 24 }] }'
    expect(stagesOf(document('test', matrix)).map(({ name }) => name)).toEqual([
      'test (NODE=20, DB=pg)',
      'test (NODE=22, DB=sqlite)',
      'test (NODE=24, DB=my)',
    ])
  })

  it('may list its combinations one by one', () => {
    const matrix = '{ include: [{ GO: 1.10, OS: linux }, { GO: 1.20, OS: linux }] }'
    expect(stagesOf(document('test', matrix)).map(({ name }) => name)).toEqual([
      'test (GO=1.10, OS=linux)',
      'test (GO=1.20, OS=linux)',
    ])
  })

  it('is waited for as a whole by its name, and in part by the name of a stage', () => {
    const stages = stagesOf(
      document('test', '{ axes: { NODE: [20, 22] } }'),
      document('all', '', 'depends_on: [test]\n'),
      document('one', '', 'depends_on: ["test (NODE=22)"]\n'),
    )
    expect(stages.slice(2).map(({ name, dependsOn }) => [name, dependsOn])).toEqual([
      ['all', ['test (NODE=20)', 'test (NODE=22)']],
      ['one', ['test (NODE=22)']],
    ])
  })

  it('waits as a whole, too', () => {
    const stages = stagesOf(
      document('build', ''),
      document('test', '{ axes: { NODE: [20, 22] } }', 'depends_on: [build]\n'),
    )
    expect(stages.map(({ dependsOn }) => dependsOn)).toEqual([[], ['build'], ['build']])
  })

  it('has its values in what decides on the stage itself', () => {
    const more = `platform: { os: linux, arch: "\${ARCH}" }\nnode: { size: "\${SIZE}" }\ntrigger: { branch: ["main", "x-\${ARCH}"] }\n`
    const matrix = '{ include: [{ ARCH: arm64, SIZE: big }, { ARCH: amd64, SIZE: small }] }'
    const stages = stagesOf(document('test', matrix, more))
    expect(stages.map(({ arch, labels }) => [arch, labels])).toEqual([
      ['arm64', { size: 'big' }],
      ['amd64', { size: 'small' }],
    ])
  })

  it('skips the stages whose trigger is unmet, one by one, and bridges them', () => {
    const stages = stagesOf(
      document(
        'test',
        '{ axes: { BRANCH: [main, dev] } }',
        `trigger: { branch: ["\${BRANCH}"] }\n`,
      ),
      document('after', '', 'depends_on: [test]\n'),
    )
    expect(stages.map(({ name, dependsOn }) => [name, dependsOn])).toEqual([
      ['test (BRANCH=main)', []],
      ['after', ['test (BRANCH=main)']],
    ])
  })

  it('names the secrets of a stage by its values', () => {
    const text = `kind: pipeline\nname: test\nwaggle: { matrix: { axes: { STAGE: [dev, live] } } }\nsteps:\n- { name: a, image: b, environment: { KEY: { from_secret: "\${STAGE}_key" } } }\n`
    expect(namedSecrets(parseManifest(text), 'test (STAGE=live)')).toEqual(['live_key'])
  })
})

const numbers = (count: number): string => Array.from({ length: count }, (_, i) => i).join()

describe('mistakes in a matrix', () => {
  const cases: readonly [string, string][] = [
    [
      '{ axes: {} }',
      'document 1, line 3, column 19: waggle.matrix: names no axis: write axes, or include',
    ],
    ['{ axis: { A: [1] }, include: [{ A: 1 }] }', "unknown key 'axis': did you mean 'axes'?"],
    ['{ axes: { DRONE_X: [1] } }', 'an axis cannot be named CI or begin with DRONE_'],
    ['{ axes: { 1x: [1] } }', 'an axis is named like a variable'],
    ['{ axes: { A: [] } }', 'A: has no values'],
    ['{ axes: { A: [1, 1] } }', 'A: has a value twice'],
    ['{ axes: { A: ["$X"] } }', 'A: a value has at most 64 characters, no $'],
    ['{ axes: { A: [[1]] } }', 'A: must be a single value'],
    ['{ axes: { A: [1] }, exclude: [{ B: 1 }] }', 'B: is no axis; there are A'],
    ['{ axes: { A: [1] }, include: [{ A: 1 }] }', 'names a combination that is there already'],
    ['{ axes: { A: [1], B: [1] }, include: [{ A: 2 }] }', 'has no value for the axis B'],
    ['{ axes: { A: [1] }, exclude: [{ A: 1 }] }', 'leaves no combination'],
    [
      `{ axes: { A: [${numbers(11)}], B: [${numbers(10)}] } }`,
      'has 110 combinations and exceeds the limit of 100',
    ],
  ]
  it.each(cases)('%s', (matrix, issue) => {
    const found = issuesOf(document('test', matrix))
    expect(found.join('\n')).toContain(issue)
    expect(found.every((text) => text.startsWith('document 1, line 3, column '))).toBe(true)
  })

  it('a pipeline may not have the name of a matrix, or of one of its stages', () => {
    const matrix = document('test', '{ axes: { A: [1, 2] } }')
    for (const name of ['test', 'test (A=2)'])
      expect(issuesOf(`${matrix}---\n${document(name, '')}`).join('\n')).toContain(
        `duplicate pipeline names: ${name}`,
      )
  })

  it('cannot wait for itself', () => {
    const found = issuesOf(document('test', '{ axes: { A: [1, 2] } }', 'depends_on: [test]\n'))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain('pipeline cannot have a dependency on itself')
  })

  it('counts its steps, and its stages, against the limits of the file', () => {
    const values = numbers(100)
    const steps = Array.from({ length: 150 }, (_, i) => `- { name: s${i}, image: b }`).join('\n')
    const text = `kind: pipeline\nname: a\nwaggle: { matrix: { axes: { A: [${values}] } } }\nsteps:\n${steps}\n`
    expect(issuesOf(text).join('\n')).toContain('exceeds the limit of 10000 steps')
    const many = Array.from({ length: 6 }, (_, i) =>
      document(`p${i}`, `{ axes: { A: [${values}] } }`),
    ).join('---\n')
    expect(issuesOf(many).join('\n')).toContain('exceeds the limit of 500 stages')
  })
})
