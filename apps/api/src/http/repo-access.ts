import {
  impliedRights,
  type PermissionStore,
  type Repo,
  type RepoRights,
  type User,
} from '@waggle/domain'

type Need = 'read' | 'write' | 'admin'

export interface AccessQuestion {
  readonly user: Pick<User, 'admin' | 'active'> | null
  readonly repo: Pick<Repo, 'visibility'> | null
  readonly permission: RepoRights | null
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
  return impliedRights(permission)[need] ? 'allow' : 404
}

/** The same, with the rights that the user was given: they are read only where they decide. */
export const askRepoAccess = async (
  permissions: Pick<PermissionStore, 'find'>,
  {
    user,
    repo,
    need,
  }: { readonly user: User | null; readonly repo: Repo | null; readonly need: Need },
): Promise<'allow' | 401 | 403 | 404> => {
  const answer = repoAccess({ user, repo, permission: null, need })
  if (answer === 'allow' || user === null || repo === null) return answer
  const permission = await permissions.find(repo.id, user.id)
  return repoAccess({ user, repo, permission, need })
}
