import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as config from '@waggle/config'
import { describe, expect, it } from 'vitest'
import { configurationPage } from '../../tools/configuration-page.ts'

const root = join(import.meta.dirname, '../..')

describe('docs/configuration.md', () => {
  it('is what the settings say; `node tools/configuration-page.ts --write` makes it anew', () => {
    expect(readFileSync(join(root, 'docs/configuration.md'), 'utf8')).toBe(configurationPage())
  })

  it('has a line for every setting', () => {
    const page = configurationPage()
    const names = Object.values(config)
      .filter((group) => typeof group === 'object' && group !== null)
      .flatMap((group) => Object.values(group as Record<string, { name?: unknown }>))
      .map((setting) => setting?.name)
      .filter((name) => typeof name === 'string' && name.startsWith('WAGGLE_'))
    expect(names.length).toBeGreaterThan(30)
    for (const name of names) expect(page).toContain(`\`${String(name)}\``)
  })
})
