import { type Build, type Given, originOf, type Repo } from '@waggle/domain'

/** The account that steps clone with. */
export interface CloneAccount {
  readonly username: string
  readonly password: string
  /** Whether public repositories are cloned with it too. */
  readonly always: boolean
}

/** The git credential of a build (pipeline.md §12.12): only where the repository is private, or public ones are cloned
 *  with an account too; never for a fork's build of a public repository (threats.md C.1). It is for the host of the
 *  repository's registered address, whatever the build itself is cloned from (T-55). */
export const cloneNetrc = (
  account: CloneAccount | undefined,
  repo: Pick<Repo, 'slug' | 'gitHttpUrl' | 'private'>,
  build: Pick<Build, 'event' | 'ref' | 'sourceRepo'>,
): Given['netrc'] => {
  if (account === undefined || account.username === '' || account.password === '') return null
  const isWanted = repo.private || (account.always && originOf(build, repo) !== 'fork')
  const machine = hostOf(repo.gitHttpUrl)
  if (!isWanted || machine === '') return null
  return { machine, login: account.username, password: account.password }
}

const hostOf = (address: string): string => {
  const url = URL.canParse(address) ? new URL(address) : null
  return url !== null && /^https?:$/.test(url.protocol) ? url.hostname : ''
}
