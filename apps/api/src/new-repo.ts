import { randomUUID } from 'node:crypto'
import { repoSecretPlace } from '@waggle/control'
import type { NewRepo, Repo, Sealer } from '@waggle/domain'
import { badRequest } from './http/status-of.ts'
import { newRepoKey, signerPlace } from './repo-keys.ts'

export interface RepoWish {
  readonly slug: string
  readonly gitHttpUrl: string
  readonly defaultBranch?: string | undefined
  readonly configPath?: string | undefined
  readonly visibility?: Repo['visibility'] | undefined
  readonly trusted?: boolean | undefined
  readonly timeoutMinutes?: number | undefined
}

/** The row of a repository, with new keys. Gives the webhook key in the clear: it is shown this once. */
export const newRepo = (
  sealer: Sealer,
  wish: RepoWish,
): { readonly repo: NewRepo; readonly signer: string } => {
  const { namespace, name } = readSlug(wish.slug)
  const uid = randomUUID()
  const signer = newRepoKey()
  const visibility = wish.visibility ?? 'private'
  const repo: NewRepo = {
    uid,
    namespace,
    name,
    slug: `${namespace}/${name}`,
    gitHttpUrl: wish.gitHttpUrl,
    gitSshUrl: '',
    link: '',
    defaultBranch: wish.defaultBranch ?? 'main',
    private: visibility !== 'public',
    visibility,
    active: true,
    configPath: wish.configPath ?? '.drone.yml',
    trusted: wish.trusted ?? false,
    protected: false,
    timeoutMinutes: wish.timeoutMinutes ?? 60,
    throttle: 0,
    signerSealed: sealer.seal(signer, signerPlace(uid)),
    secretSealed: sealer.seal(newRepoKey(), repoSecretPlace(uid)),
  }
  return { repo, signer }
}

/** `owner/name`: two names of letters, digits, dots, dashes and underscores that begin with a letter or digit. */
export const readSlug = (slug: string): { readonly namespace: string; readonly name: string } => {
  const [, namespace, name] =
    /^([A-Za-z0-9_][A-Za-z0-9._-]{0,99})\/([A-Za-z0-9_][A-Za-z0-9._-]{0,99})$/.exec(slug) ?? []
  if (namespace === undefined || name === undefined)
    throw badRequest('repository: must be owner/name, of letters, digits, ".", "_" and "-"')
  return { namespace, name }
}
