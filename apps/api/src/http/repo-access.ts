import type { Repo, User } from '@waggle/domain'

type Need = 'read' | 'write' | 'admin'

/** What somebody may do in one repository; write implies read, admin implies both. */
interface RepoPermission {
  readonly read: boolean
  readonly write: boolean
  readonly admin: boolean
}

export interface AccessQuestion {
  readonly user: Pick<User, 'admin' | 'active'> | null
  readonly repo: Pick<Repo, 'visibility'> | null
  readonly permission: RepoPermission | null
  readonly need: Need
}

/** May the caller? `allow`, or the status of the refusal (rest-api.md §5.1, §5.2): lacking permission is 404, never
 *  403, so that nobody learns of a repository that way; `visibility` counts, not the `private` flag. */
export const repoAccess = ({
  user,
  repo,
  permission,
  need,
}: AccessQuestion): 'allow' | 401 | 403 | 404 => {
  if (repo === null) return user ? 404 : 401
  if (user === null && need !== 'read') return 401
  if (user?.admin) return 'allow'
  if (need === 'read' && repo.visibility === 'public') return 'allow'
  if (user === null) return 401
  if (need === 'read' && repo.visibility === 'internal') return 'allow'
  if (permission === null) return 404
  if (!user.active) return 403
  const { read, write, admin } = permission
  const may = { read: read || write || admin, write: write || admin, admin }
  return may[need] ? 'allow' : 404
}
