export { createSealer, type SealerKey, type SealerKeys } from './create-sealer.ts'
export { signHmac256, verifyHmac256 } from './hmac.ts'
export { parseSecretKey } from './parse-secret-key.ts'
export { newToken, tokenHash, tokensEqual } from './token.ts'
