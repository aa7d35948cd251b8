import { type Collaborator, impliedRights, toUnixSeconds } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import { type Call, jsonBody } from '../http/call.ts'
import { empty, json } from '../http/reply.ts'
import { type Route, route } from '../http/route.ts'
import { badRequest, missing } from '../http/status-of.ts'

/** Who was let into a repository (rest-api.md §7.1). Letting somebody in is Waggle's own: Drone asks its code host. */
export const collaboratorRoutes = ({ control }: ApiDeps): readonly Route[] => {
  const { database } = control
  const member = async (call: Call) => {
    const user = await database.users.findByLogin(call.params['member'] ?? '')
    if (user === null) throw missing()
    return user
  }
  return [
    route.read('GET /api/repos/:owner/:name/collaborators', async ({ repo }) => {
      const all = await database.permissions.listByRepo(repo.id)
      return json(all.map((one) => collaboratorShape(one, repo.uid)))
    }),
    route.read('GET /api/repos/:owner/:name/collaborators/:member', async (call) => {
      const rights = await database.permissions.find(call.repo.id, (await member(call)).id)
      if (rights === null) throw missing()
      return json(rights)
    }),
    route.admin('PUT /api/repos/:owner/:name/collaborators/:member', async (call) => {
      const body = jsonBody(call)
      const flag = (name: string) => body.flag(name) ?? false
      const rights = impliedRights({
        read: flag('read'),
        write: flag('write'),
        admin: flag('admin'),
      })
      if (!rights.read) throw badRequest('one of read, write and admin must be true')
      const user = await member(call)
      await database.permissions.put(call.repo.id, user.id, rights)
      call.log.info('collaborator set', { 'repo.slug': call.repo.slug, 'user.login': user.login })
      return json(rights)
    }),
    route.admin('DELETE /api/repos/:owner/:name/collaborators/:member', async (call) => {
      const user = await member(call)
      if (!(await database.permissions.delete(call.repo.id, user.id))) throw missing()
      return empty()
    }),
  ]
}

/** rest-api.md §6.10: the repository is told by its uid. */
const collaboratorShape = (one: Collaborator, uid: string) => ({
  user_id: one.userId,
  repo_id: uid,
  login: one.login,
  avatar: one.avatar,
  read: one.read,
  write: one.write,
  admin: one.admin,
  synced: 0,
  created: toUnixSeconds(one.createdAt),
  updated: toUnixSeconds(one.updatedAt),
})
