import { writeFile } from 'node:fs/promises'
import { invalid } from '@waggle/domain'
import { formatIssues, type ParsedManifest, parseManifest } from '@waggle/pipeline'
import type { Client } from '../client.ts'
import { print } from '../print.ts'
import { readInput } from '../read-input.ts'

/** Asks the server for the signature of a file, by the key of its repository, and prints it or puts it into the file in
 *  place of an older one (pipeline.md §4.4). Throws `invalid` for a file with mistakes. */
export const signFile = async (
  client: Client,
  slug: string,
  path: string,
  flags: { readonly save?: boolean },
): Promise<void> => {
  const text = await readInput(path)
  const manifest = parseManifest(text)
  if (manifest.issues.length > 0) throw invalid('bad_manifest', formatIssues(manifest.issues))
  const hmac = await client.signFile(slug, text)
  if (flags.save !== true) return print(hmac)
  await writeFile(path, signed(manifest, hmac))
  print(`${path} is signed`)
}

const signed = ({ documents }: ParsedManifest, hmac: string): string =>
  `${documents
    .filter((document) => document.role !== 'signature')
    .map((document) => `---\n${document.raw}`)
    .join('')}---\nkind: signature\nhmac: ${hmac}\n\n...\n`
