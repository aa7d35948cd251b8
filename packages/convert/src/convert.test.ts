import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ConversionContext } from '@waggle/domain'
import { parseManifest } from '@waggle/pipeline'
import { describe, expect, it } from 'vitest'
import { convert } from './convert.ts'
import { folderReader } from './folder-reader.ts'
import { testHook, testRepo } from './test-facts.ts'

const root = resolve(import.meta.dirname, '../testdata')
const read = (...parts: string[]) => readFileSync(join(root, ...parts), 'utf8')

describe('golden pairs', () => {
  it.each(readdirSync(root).map((name) => [name]))('%s', async (name) => {
    const { path } = JSON.parse(read(name, 'case.json')) as { path: string }
    const templates = join(root, name, 'templates')
    const context: ConversionContext = {
      repo: testRepo,
      hook: testHook,
      readFile: folderReader(join(root, name, 'files')),
      findTemplate: async (template) =>
        existsSync(join(templates, template)) ? read(name, 'templates', template) : null,
    }
    const file = { path, text: read(name, 'files', path) }
    const result = await convert({ ...context, isJsonnetEnabled: true, importLimit: 10 }, file)
    const isRefused = existsSync(join(root, name, 'error.txt'))
    const expected = isRefused
      ? { kind: 'error', error: read(name, 'error.txt').trim() }
      : { kind: 'text', text: read(name, 'expected.yml') }
    expect(result).toMatchObject(expected)
    const issues = result.kind === 'text' ? parseManifest(result.text).issues : []
    expect(issues).toEqual([])
  })
})
