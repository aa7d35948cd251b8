import { invalid } from '@waggle/domain'
import { readGitAddress } from './git-address.ts'

/** Says early what `read` would refuse anyway: throws `invalid` or `denied`. `localFolders` null: local addresses are
 *  left to the reading. A password has no place in an address that is kept and shown. */
export const checkGitAddress = async (
  text: string,
  localFolders: readonly string[] | null,
): Promise<void> => {
  const isLocal = text.startsWith('/') || text.toLowerCase().startsWith('file:')
  if (isLocal && localFolders === null) return
  const { credentials } = await readGitAddress(text, localFolders ?? [])
  if (credentials.includes(':') && !credentials.endsWith(':'))
    throw invalid('git_url', 'git address: must not hold a password; it would be shown to others')
}
