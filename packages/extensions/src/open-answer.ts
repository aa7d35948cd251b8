import { createDecipheriv } from 'node:crypto'
import { invalid } from '@waggle/domain'

const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16

/** The plain bytes of an answer with `Content-Encoding: aesgcm`: nonce and AES-256-GCM text under the first 32 bytes of
 *  the extension's secret (scheduling.md §15.1). Throws `invalid` where it does not open. */
export const openAnswer = (body: Buffer, secret: string, name: string): Buffer => {
  const key = Buffer.from(secret, 'utf8').subarray(0, keyBytes)
  if (key.length < keyBytes)
    throw invalid(
      'extension_key',
      `${name}: the answer is encrypted, which needs a secret of at least ${keyBytes} bytes`,
    )
  try {
    const nonce = body.subarray(0, nonceBytes)
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
    decipher.setAuthTag(body.subarray(Math.max(nonceBytes, body.length - tagBytes)))
    const text = body.subarray(nonceBytes, Math.max(nonceBytes, body.length - tagBytes))
    return Buffer.concat([decipher.update(text), decipher.final()])
  } catch (cause) {
    throw invalid('extension_answer', `${name}: the encrypted answer does not open`, { cause })
  }
}
