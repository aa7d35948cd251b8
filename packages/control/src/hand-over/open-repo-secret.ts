import { isWaggleError, type Repo, type Sealer } from '@waggle/domain'
import { repoSecretPlace } from '../places.ts'

/** The repository's key for signatures and secret documents, in the clear; `null` where it has none of 32 bytes, or
 *  none that the server's keys open. */
export const openRepoSecret = (
  sealer: Pick<Sealer, 'open'>,
  repo: Pick<Repo, 'uid' | 'secretSealed'>,
): string | null => {
  if (repo.secretSealed.length === 0) return null
  try {
    const key = sealer.open(repo.secretSealed, repoSecretPlace(repo.uid)).toString('utf8')
    return Buffer.byteLength(key) < 32 ? null : key
  } catch (error) {
    if (isWaggleError(error, 'internal')) return null
    throw error
  }
}
