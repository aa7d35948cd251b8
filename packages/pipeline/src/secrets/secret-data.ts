import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const nonceBytes = 12
const tagBytes = 16
/** Bytes of a key that count; a shorter one opens nothing. */
export const droneKeyBytes = 32

/** The `data` of a `kind: secret` document (pipeline.md §4.5): base64 of nonce, AES-256-GCM cipher text and tag, with
 *  the repository's key of 32 bytes. The format is Drone's, so nothing more is authenticated. */
export const sealSecretData = (plain: string, key: string): string => {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', cipherKey(key), nonce)
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64')
}

/** The value, or `null` for what is no base64, was made with another key, or was changed. */
export const openSecretData = (data: string, key: string): string | null => {
  const text = data.replace(/\s/g, '')
  if (text === '' || !/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return null
  return openDroneBlob(Buffer.from(text, 'base64'), key)?.toString('utf8') ?? null
}

/** The plain bytes of nonce, AES-256-GCM cipher text and tag, as Drone writes them under the first 32 bytes of a key;
 *  `null` where they do not open, or the key is shorter. */
export const openDroneBlob = (blob: Buffer, key: string): Buffer | null => {
  if (blob.length < nonceBytes + tagBytes || Buffer.byteLength(key) < droneKeyBytes) return null
  const tagAt = blob.length - tagBytes
  const decipher = createDecipheriv('aes-256-gcm', cipherKey(key), blob.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
  decipher.setAuthTag(blob.subarray(tagAt))
  try {
    const body = decipher.update(blob.subarray(nonceBytes, tagAt))
    return Buffer.concat([body, decipher.final()])
  } catch {
    return null
  }
}

const cipherKey = (key: string): Buffer => Buffer.from(key, 'utf8').subarray(0, droneKeyBytes)
