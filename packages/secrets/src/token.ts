import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** A new token with 256 random bits; the prefix lets scanners find leaked ones (threats.md T-12). */
export const newToken = (): string => `wgl_${randomBytes(32).toString('base64url')}`

/** What is stored of a token: lower-case hex SHA-256. A slow hash would add nothing to 256 random bits. */
export const tokenHash = (token: string): string => createHash('sha256').update(token).digest('hex')

/** Compares in a time that tells nothing about either, whatever their lengths. */
export const tokensEqual = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())
