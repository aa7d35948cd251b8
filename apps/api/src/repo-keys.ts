import { randomInt } from 'node:crypto'

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** A new key of a repository: 32 random letters and digits (webhooks.md §1). */
export const newRepoKey = (): string =>
  Array.from({ length: 32 }, () => letters[randomInt(letters.length)]).join('')

/** What the sealed webhook key of a repository is bound to. Its uid is there before its row is. */
export const signerPlace = (uid: string): string => `repos/${uid}/signer`
