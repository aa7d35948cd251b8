import type { PermissionStore, Repo, User, WorkerRecord } from '@waggle/domain'
import { askRepoAccess } from './repo-access.ts'
import type { Permission } from './route.ts'
import { forbidden, HttpError, missing, unauthorized } from './status-of.ts'

/** Where identities come from. */
export interface Identities {
  findUser(token: string): Promise<User | null>
  findRepo(slug: string): Promise<Repo | null>
  /** What users were given in repositories. */
  readonly permissions: Pick<PermissionStore, 'find'>
  findWorker(token: string): Promise<WorkerRecord | null>
  /** Whether the text is the shared secret that workers register with. */
  isWorkerSecret(given: string): boolean
}

export interface Caller {
  readonly user: User | null
  readonly repo: Repo | null
  readonly worker: WorkerRecord | null
}

/** Lets a call through, or throws its refusal (rest-api.md §4, §5). A credential that is not known makes a guest. */
export const guard = async (
  identities: Identities,
  permission: Permission,
  credential: string,
  params: Readonly<Record<string, string>>,
): Promise<Caller> => {
  if (permission === 'worker' || permission === 'register')
    return guardWorker(identities, permission, credential)
  const user = credential === '' ? null : await identities.findUser(credential)
  const caller = { user, repo: null, worker: null }
  switch (permission) {
    case 'none':
      return caller
    case 'user':
    case 'sysadmin':
      if (user === null) throw unauthorized()
      if (permission === 'sysadmin' && !user.admin) throw forbidden()
      return caller
    case 'read':
    case 'write':
    case 'admin': {
      const repo = await identities.findRepo(`${params['owner']}/${params['name']}`)
      const answer = await askRepoAccess(identities.permissions, { user, repo, need: permission })
      if (answer === 'allow') return { ...caller, repo }
      throw answer === 401 ? unauthorized() : answer === 403 ? forbidden() : missing()
    }
    default:
      throw new HttpError(500, `no such permission: ${String(permission satisfies never)}`)
  }
}

const guardWorker = async (
  identities: Identities,
  permission: 'worker' | 'register',
  credential: string,
): Promise<Caller> => {
  if (permission === 'register') {
    if (!identities.isWorkerSecret(credential)) throw unauthorized()
    return { user: null, repo: null, worker: null }
  }
  const worker = credential === '' ? null : await identities.findWorker(credential)
  if (worker === null) throw unauthorized()
  return { user: null, repo: null, worker }
}

/** The token of an `Authorization` header, with or without `Bearer` (rest-api.md §4.1). Tokens in addresses are not
 *  taken: addresses are logged by others (threats.md T-75). */
export const credentialOf = (authorization: string | undefined): string =>
  (authorization ?? '').replace(/^Bearer /i, '').trim()
