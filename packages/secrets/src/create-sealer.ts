import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { internal, type Sealer } from '@waggle/domain'

export interface SealerKey {
  /** Short name that is written into every blob; 1 to 255 bytes. */
  readonly id: string
  /** 32 bytes; see `parseSecretKey`. */
  readonly key: Buffer
}

export interface SealerKeys {
  /** Seals, and opens what it sealed. */
  readonly current: SealerKey
  /** Only open what they sealed, while keys are rotated. */
  readonly older?: readonly SealerKey[]
}

// version (1) | length of key id (1) | key id | nonce (12) | tag (16) | cipher text
const version = 1
const nonceBytes = 12
const tagBytes = 16

/** AES-256-GCM with a random nonce for each blob. The place, the key's id and the version are authenticated with it,
 *  so that no blob opens anywhere but where it was put; nothing is ever passed on undecrypted (threats.md T-08).
 *  Throws a RangeError when a key is not 32 bytes or an id does not fit. */
export const createSealer = (keys: SealerKeys): Sealer => {
  const byId = new Map<string, SealerKey>()
  for (const key of [...(keys.older ?? []), keys.current]) {
    const idBytes = Buffer.byteLength(key.id)
    if (idBytes < 1 || idBytes > 255) throw new RangeError('a key id has 1 to 255 bytes')
    if (key.key.length !== 32) throw new RangeError(`key ${key.id} does not have 32 bytes`)
    byId.set(key.id, key)
  }
  const header = headerOf(keys.current.id)
  return {
    seal: (plain, place) => {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', keys.current.key, nonce)
      cipher.setAAD(authenticated(header, place))
      const text = typeof plain === 'string' ? Buffer.from(plain, 'utf8') : plain
      const body = Buffer.concat([cipher.update(text), cipher.final()])
      return Buffer.concat([header, nonce, cipher.getAuthTag(), body])
    },
    open: (sealed, place) => {
      const blob = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
      const idEnd = 2 + (blob[1] ?? 0)
      const key = byId.get(blob.toString('utf8', 2, idEnd))
      if (blob[0] !== version || !key || blob.length < idEnd + nonceBytes + tagBytes)
        throw unsealFailed(place)
      const tagAt = idEnd + nonceBytes
      const decipher = createDecipheriv('aes-256-gcm', key.key, blob.subarray(idEnd, tagAt), {
        authTagLength: tagBytes,
      })
      decipher.setAAD(authenticated(headerOf(key.id), place))
      decipher.setAuthTag(blob.subarray(tagAt, tagAt + tagBytes))
      try {
        return Buffer.concat([decipher.update(blob.subarray(tagAt + tagBytes)), decipher.final()])
      } catch (cause) {
        throw unsealFailed(place, cause)
      }
    },
  }
}

const headerOf = (id: string): Buffer => {
  const bytes = Buffer.from(id, 'utf8')
  return Buffer.concat([Buffer.from([version, bytes.length]), bytes])
}

// The header tells its own length, so header and place cannot be split in another way.
const authenticated = (header: Buffer, place: string): Buffer =>
  Buffer.concat([header, Buffer.from(place, 'utf8')])

const unsealFailed = (place: string, cause?: unknown) =>
  internal(
    'unseal_failed',
    'What lies encrypted in the database does not open: the key is another one, or the bytes were changed.',
    { fields: { place }, cause },
  )
