import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { lintManifest } from './lint/lint-manifest.ts'
import type { ManifestDocument } from './manifest.ts'
import { formatIssue } from './manifest-issue.ts'
import { parseManifest } from './parse-manifest.ts'

const folder = join(import.meta.dirname, '../testdata')

/** Rows of the specification's checklist about documents, decoding and validation. */
const isOurs = (name: string): boolean => /^F(0[1-79]|13|2[0-4])-/.test(name)

describe('documents by the checklist of the specification', () => {
  it.each(readdirSync(folder).filter(isOurs))('testdata/%s reads as it did', async (name) => {
    const manifest = parseManifest(readFileSync(join(folder, name, 'input.yml'), 'utf8'))
    const lint = (isTrusted: boolean) =>
      lintManifest(manifest, {
        isTrusted,
        namespaces: { slug: 'acme/app', patterns: { ops: ['ops/*'], ci: ['acme/*'] } },
      }).map((found) => `${found.ends}: ${formatIssue(found)}`)
    const shown = {
      documents: manifest.documents.map(show),
      trusted: lint(true),
      untrusted: lint(false),
    }
    const printed = `${JSON.stringify(shown, null, 2)}\n`
    await expect(printed).toMatchFileSnapshot(join(folder, name, 'documents.json'))
  })
})

/** What is set, and nothing else. */
const show = (document: ManifestDocument): unknown => {
  const { number, line, role } = document
  const content =
    document.role === 'pipeline'
      ? document.pipeline
      : document.role === 'secret'
        ? document.secret
        : document.role === 'signature'
          ? document.hmac
          : document.raw
  return { number, line, role, content: sparse(content) }
}

const sparse = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((item) => sparse(item) ?? null)
  if (value instanceof Map) return [...value].map(([key, entry]) => [key, sparse(entry.value)])
  if (typeof value !== 'object' || value === null)
    return value === '' || value === 0 || value === false || value === null ? undefined : value
  if ('tag' in value && 'text' in value) return value.text
  if ('entries' in value) return sparse(value.entries)
  const pairs = Object.entries(value).map(([key, inner]) => [key, sparse(inner)] as const)
  const kept = pairs.filter(([, inner]) => inner !== undefined && !isEmpty(inner))
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}

const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0
