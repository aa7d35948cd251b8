import { describe, expect, it } from 'vitest'
import { parseManifest } from '../parse-manifest.ts'
import { lintFile } from './lint-file.ts'

describe('lintFile', () => {
  const long = 'x'.repeat(501)

  it.each([
    [`kind: pipeline\nname: ${long}`, 'name'],
    [`kind: ${long}`, 'kind'],
    [`kind: pipeline\ntype: ${long}`, 'type'],
    [`kind: pipeline\ntype: exec\nplatform: { variant: ${long} }`, 'platform.variant'],
    [`kind: pipeline\nnode: { disk: ${long} }`, 'node.disk'],
  ])('refuses a text that is too long for a name', (text, path) => {
    const [issue, ...others] = lintFile(parseManifest(text))
    expect(others).toEqual([])
    expect(issue).toMatchObject({ code: 'limit_name', path, line: text.split('\n').length })
    expect(issue?.message).toContain('limit of 500 bytes')
  })

  it('says nothing of names while names cannot be read', () => {
    const manifest = parseManifest('kind: pipeline\nname: [a]\n---\nkind: pipeline\n')
    expect(lintFile(manifest)).toEqual([])
  })
})
