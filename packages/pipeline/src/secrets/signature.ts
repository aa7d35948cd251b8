import { createHmac, timingSafeEqual } from 'node:crypto'
import type { ParsedManifest } from '../manifest.ts'

const shortestKeyBytes = 32

/** The signature of a file (pipeline.md §4.4): lower-case hex HMAC-SHA-256 over the documents as written, but those of
 *  kind `signature`. Comments and white space count; the place of the signature does not. */
export const signManifest = (manifest: ParsedManifest, key: string): string =>
  hmacOf(manifest, key).toString('hex')

/** Whether the file's first `signature` document signs all others. Never with a key that is too short. */
export const isManifestSigned = (manifest: ParsedManifest, key: string): boolean => {
  const signature = manifest.documents.find((document) => document.role === 'signature')
  if (signature?.role !== 'signature' || Buffer.byteLength(key) < shortestKeyBytes) return false
  if (!/^[0-9a-fA-F]{64}$/.test(signature.hmac)) return false
  return timingSafeEqual(Buffer.from(signature.hmac, 'hex'), hmacOf(manifest, key))
}

const hmacOf = ({ documents }: ParsedManifest, key: string): Buffer => {
  const hmac = createHmac('sha256', key)
  for (const document of documents) if (document.role !== 'signature') hmac.update(document.raw)
  return hmac.digest()
}
