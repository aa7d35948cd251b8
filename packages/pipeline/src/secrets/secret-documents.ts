import type { ParsedManifest } from '../manifest.ts'
import { openSecretData } from './secret-data.ts'

export interface OpenedDocuments {
  readonly secrets: readonly { readonly name: string; readonly value: string }[]
  /** Names of documents that do not open with this key. */
  readonly broken: readonly string[]
}

/** The values that the file's `kind: secret` documents carry for these names (pipeline.md §4.5), in the clear. Names
 *  are compared with case, unlike those of stored secrets. The first document of a name that opens counts
 *  (rule X16). */
export const openSecretDocuments = (
  manifest: ParsedManifest,
  names: readonly string[],
  key: string,
): OpenedDocuments => {
  const wanted = new Set(names)
  const secrets = new Map<string, string>()
  const broken: string[] = []
  for (const document of manifest.documents) {
    if (document.role !== 'secret') continue
    const { name, data } = document.secret
    if (!wanted.has(name) || secrets.has(name) || data === '') continue
    const value = openSecretData(data, key)
    if (value === null) broken.push(name)
    else if (value !== '') secrets.set(name, value)
  }
  return { secrets: [...secrets].map(([name, value]) => ({ name, value })), broken }
}
