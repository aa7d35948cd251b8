import { createHmac } from 'node:crypto'
import { tokensEqual } from './token.ts'

/** HMAC-SHA-256 of the raw bytes, lower-case hex. */
export const signHmac256 = (key: string | Uint8Array, bytes: string | Uint8Array): string =>
  createHmac('sha256', key).update(bytes).digest('hex')

/** Whether a header such as `X-Waggle-Signature-256: sha256=<hex>` signs these bytes. An empty key signs nothing:
 *  everybody knows it. */
export const verifyHmac256 = (
  key: string | Uint8Array,
  bytes: string | Uint8Array,
  headerValue: string | undefined,
): boolean => {
  if (key.length === 0 || headerValue === undefined) return false
  const hex = headerValue.startsWith('sha256=') ? headerValue.slice('sha256='.length) : ''
  return tokensEqual(hex.toLowerCase(), signHmac256(key, bytes))
}
