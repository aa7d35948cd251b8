import { Buffer } from 'node:buffer'
import { invalid } from '@waggle/domain'

/** A 256-bit key as people write it: 64 hex digits, or base64 (also its URL form) of 32 bytes. Throws `invalid`
 *  `secret_key_invalid`, whose text does not repeat the key. */
export const parseSecretKey = (text: string): Buffer => {
  const trimmed = text.trim()
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) return Buffer.from(trimmed, 'hex')
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)) {
    const key = Buffer.from(trimmed, 'base64')
    if (key.length === 32) return key
  }
  throw invalid(
    'secret_key_invalid',
    'The encryption key must be 64 hex digits, or base64 of 32 bytes, such as "openssl rand -hex 32" gives.',
  )
}
