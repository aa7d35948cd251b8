import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Case, specsOf } from './specs-of.ts'

const root = resolve(import.meta.dirname, '../..')
const foldersOf = (path: string): string[] =>
  readdirSync(join(root, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^F\d\d-/.test(entry.name))
    .map((entry) => join(path, entry.name))
    .filter((folder) => existsSync(join(root, folder, 'input.yml')))

/** Files whose own tests look at a part of the line, and those of rows that no such test has. */
const cases = [
  ...foldersOf('packages/pipeline/testdata'),
  ...foldersOf('packages/control/testdata'),
  ...foldersOf('test/golden/testdata'),
]

const readIf = <T>(folder: string, file: string): T | undefined => {
  const path = join(root, folder, file)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined
}

const firstOf = (hooks: Case['hooks'], count: number): Case['hooks'] =>
  hooks && Object.fromEntries(Object.entries(hooks).slice(0, count))

describe('a pipeline file through the whole line, from conversion to spec', () => {
  it.each(cases)('%s/input.yml gives the spec.json that it gave', async (folder) => {
    // Two are enough here: what each of them plans is in plan.json.
    const hooks = firstOf(readIf<Case['hooks']>(folder, 'hooks.json'), 2)
    const known = readIf<Case>(folder, 'given.json') ?? readIf<Case>(folder, 'build.json')
    const text = readFileSync(join(root, folder, 'input.yml'), 'utf8')
    const specs = await specsOf(text, { ...known, ...(hooks ? { hooks } : {}) })
    await expect(`${JSON.stringify(specs, null, 2)}\n`).toMatchFileSnapshot(
      join(root, folder, 'spec.json'),
    )
  })

  it('has a pair of input.yml and spec.json for each row of the checklist', () => {
    // The engines' own cases are compared by the tests of their packages.
    const pairs = [
      ...cases,
      ...foldersOf('packages/engine-docker/testdata'),
      ...foldersOf('packages/engine-exec/testdata'),
    ].filter((folder) => existsSync(join(root, folder, 'spec.json')))
    const named = new Set(
      pairs.flatMap((folder) => folder.slice(dirname(folder).length).match(/F\d\d/g) ?? []),
    )
    // pipeline.md §19.
    const rows = Array.from({ length: 68 }, (_, index) => `F${String(index + 1).padStart(2, '0')}`)
    expect(rows.filter((row) => !named.has(row))).toEqual([])
  })
})
