// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions of pipeline files look like this
import { describe, expect, it } from 'vitest'
import { parseManifest } from '../parse-manifest.ts'
import { namedSecrets } from './secret-names.ts'

const manifest = parseManifest(`
kind: pipeline
name: a
image_pull_secrets: [registry]
services:
- {name: db, image: x, environment: {P: {from_secret: db_password}}}
steps:
- {name: s, image: x, environment: {T: {from_secret: token}, U: {from_secret: token}}, settings: {k: {from_secret: "key_\${ENV}"}, l: [{from_secret: nested}]}}
---
kind: pipeline
name: b
steps: [{name: s, image: x, environment: {T: {from_secret: other}}}]
`)

describe('namedSecrets', () => {
  it('names those of the stage, wherever they are used, and no others', () => {
    expect(namedSecrets(manifest, 'a')).toEqual(['db_password', 'token', 'key_', 'registry'])
    expect(namedSecrets(manifest, 'b')).toEqual(['other'])
    expect(namedSecrets(manifest, 'c')).toEqual([])
  })

  it('substitutes in names as the worker will', () => {
    expect(namedSecrets(manifest, 'a', new Map([['ENV', 'prod']]))).toContain('key_prod')
  })
})
