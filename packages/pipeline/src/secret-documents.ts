import { sourceText } from './fields.ts'
import type { ParsedManifest } from './manifest.ts'
import { openSecretData } from './secret-data.ts'
import type { YamlNode } from './yaml-node.ts'

interface SecretDocument {
  /** Compared with case, unlike the names of stored secrets. */
  readonly name: string
  /** Encrypted with the repository's key; empty = the value lies elsewhere. */
  readonly data: string
}

/** The file's `kind: secret` documents, in order (pipeline.md §4.5). */
const secretDocuments = (manifest: ParsedManifest): readonly SecretDocument[] =>
  manifest.documents.flatMap((document) => {
    if (document.role !== 'secret') return []
    return [{ name: document.name, data: textAt(document.root, 'data') }]
  })

const textAt = (node: YamlNode | null, key: string): string => {
  const value = node?.kind === 'map' ? node.entries.get(key)?.value : undefined
  return value?.kind === 'scalar' ? sourceText(value) : ''
}

export interface OpenedDocuments {
  readonly secrets: readonly { readonly name: string; readonly value: string }[]
  /** Names of documents that do not open with this key. */
  readonly broken: readonly string[]
}

/** The values that the file carries for these names, in the clear. The first document of a name that opens counts
 *  (rule X16). */
export const openSecretDocuments = (
  manifest: ParsedManifest,
  names: readonly string[],
  key: string,
): OpenedDocuments => {
  const wanted = new Set(names)
  const secrets = new Map<string, string>()
  const broken: string[] = []
  for (const { name, data } of secretDocuments(manifest)) {
    if (!wanted.has(name) || secrets.has(name) || data === '') continue
    const value = openSecretData(data, key)
    if (value === null) broken.push(name)
    else if (value !== '') secrets.set(name, value)
  }
  return { secrets: [...secrets].map(([name, value]) => ({ name, value })), broken }
}
