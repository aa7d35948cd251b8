import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** Rows of the language's checklist (pipeline.md §19). */
const lastRow = 68
const rows = Array.from({ length: lastRow }, (_, index) => `F${String(index + 1).padStart(2, '0')}`)

/** The first words of test names and of folders of golden files. */
const namedRows = (): ReadonlySet<string> => {
  const found = new Set<string>()
  const note = (text: string): void => {
    for (const [row] of text.matchAll(/\bF\d\d\b/g)) found.add(row)
  }
  for (const entry of readdirSync(join(root, 'packages'))) {
    const folder = join(root, 'packages', entry)
    for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const golden = /^testdata\/([^/]+)$/.exec(path)
      if (golden?.[1]) note(golden[1].replaceAll('-', ' '))
      const isTest = path.endsWith('.test.ts') || /\/describe-.*\.ts$/.test(path)
      if (!isTest) continue
      const text = readFileSync(join(folder, path), 'utf8')
      for (const [name] of text.matchAll(/['"`]F\d\d[^'"`\n]*/g)) note(name)
    }
  }
  return found
}

describe('the checklist of the pipeline language', () => {
  it('names a golden file or a test for each row', () => {
    const named = namedRows()
    expect(rows.filter((row) => !named.has(row))).toEqual([])
  })
})
