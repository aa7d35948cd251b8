import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

const pages = ['README.md', 'CHANGELOG.md', 'docs', 'examples', 'packages', 'apps'].flatMap(
  (name) =>
    name.endsWith('.md')
      ? [join(root, name)]
      : readdirSync(join(root, name), { recursive: true, withFileTypes: true })
          .filter(
            (entry) => entry.name.endsWith('.md') && !entry.parentPath.includes('node_modules'),
          )
          .map((entry) => join(entry.parentPath, entry.name)),
)

describe('documentation', () => {
  it('links only to what is there', () => {
    const broken = pages.flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)]
        .map((match) => match[1] ?? '')
        .filter((target) => !existsSync(join(dirname(page), target)))
        .map((target) => `${relative(root, page)}: ${target}`),
    )
    expect(pages.length).toBeGreaterThan(15)
    expect(broken).toEqual([])
  })

  it('has a short README in every package', () => {
    const folders = ['packages', 'apps'].flatMap((top) =>
      readdirSync(join(root, top)).map((name) => join(root, top, name)),
    )
    const wrong = folders.filter((folder) => {
      const page = join(folder, 'README.md')
      return !existsSync(page) || readFileSync(page, 'utf8').split('\n').length > 41
    })
    expect(wrong.map((folder) => relative(root, folder))).toEqual([])
  })

  it('has decision records of one form and length', () => {
    const records = readdirSync(join(root, 'docs/decisions'))
    const parts = ['Status:', '## Context', '## Choice', '## Alternatives', '## Consequences']
    const wrong = records.filter((name) => {
      const text = readFileSync(join(root, 'docs/decisions', name), 'utf8')
      const isComplete = parts.every((part) => text.includes(part))
      return !/^\d{4}-[a-z0-9-]+\.md$/.test(name) || text.split('\n').length > 61 || !isComplete
    })
    expect(records.length).toBeGreaterThan(3)
    expect(wrong).toEqual([])
  })
})
