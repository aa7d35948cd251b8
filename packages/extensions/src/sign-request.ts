import { createHash, createHmac } from 'node:crypto'

/** Headers in the order in which they are signed. `(request-target)` is deliberately not among them. */
export type SignedHeaders = readonly (readonly [name: string, value: string])[]

/** `Digest` of a body (scheduling.md §14.2). */
export const digestOf = (body: Uint8Array): string =>
  `SHA-256=${createHash('sha256').update(body).digest('base64')}`

/** `Signature` over these headers: their lines `name: value`, without a line feed at the end, under HMAC-SHA256. Also
 *  made with an empty secret, as Drone does; then it proves nothing. */
export const signatureOf = (headers: SignedHeaders, secret: string): string => {
  const text = headers.map(([name, value]) => `${name.toLowerCase()}: ${value}`).join('\n')
  const signature = createHmac('sha256', secret).update(text).digest('base64')
  const names = headers.map(([name]) => name.toLowerCase()).join(' ')
  return `keyId="hmac-key",algorithm="hmac-sha256",signature="${signature}",headers="${names}"`
}
