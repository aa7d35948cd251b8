import { changeUser, createUser, removeUser } from '@waggle/control'
import type { User } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import { type Call, jsonBody, page } from '../http/call.ts'
import { empty, json } from '../http/reply.ts'
import { type Route, route } from '../http/route.ts'
import { badRequest, missing } from '../http/status-of.ts'
import { repoShape } from '../shapes/repo-shape.ts'
import { userShape } from '../shapes/user-shape.ts'
import { userEventBody } from '../webhook-bodies.ts'

const allRepos = { offset: 0, limit: 10_000 }

/** All users, for system admins (rest-api.md §7.9). */
export const usersRoutes = ({ control }: ApiDeps): readonly Route[] => {
  const { database, system } = control
  const find = async (call: Call): Promise<User> => {
    const given = call.params['user'] ?? ''
    const byLogin = await database.users.findByLogin(given)
    const id = /^\d{1,15}$/.test(given) ? Number(given) : 0
    const user = byLogin ?? (id > 0 ? await database.users.find(id) : null)
    if (user === null) throw missing()
    return user
  }
  return [
    route.sysadmin('GET /api/users', async (call) => {
      const users = await database.users.list(page(call, 10_000))
      return json(users.map(userShape))
    }),
    route.sysadmin('POST /api/users', async (call) => {
      const body = jsonBody(call)
      const login = body.text('login') ?? ''
      if (login.length < 1 || login.length > 50) throw badRequest('Invalid username length')
      if (!/^[\w.-]+$/.test(login)) throw badRequest('Invalid character in username')
      const machine = body.flag('machine') ?? false
      const given = body.text('token', 500) ?? ''
      const token = given || control.newToken()
      const wish = { login, email: '', machine, admin: body.flag('admin') ?? false, token }
      const user = await createUser(control, wish, (made) => userEventBody(system, 'created', made))
      call.log.info('user created', { 'user.login': user.login })
      // A person has no other way to it: nobody can log in with a browser yet.
      return json({ ...userShape(user), ...(machine || given === '' ? { token } : {}) })
    }),
    route.sysadmin('GET /api/users/:user', async (call) => json(userShape(await find(call)))),
    route.sysadmin('PATCH /api/users/:user', async (call) => {
      const user = await find(call)
      const body = jsonBody(call)
      const [admin, active] = [body.flag('admin'), body.flag('active')]
      return json(userShape(await changeUser(control, user, { admin, active })))
    }),
    route.sysadmin('DELETE /api/users/:user', async (call) => {
      const user = await find(call)
      await removeUser(control, user, userEventBody(system, 'deleted', user))
      call.log.info('user deleted', { 'user.login': user.login })
      return empty()
    }),
    route.sysadmin('GET /api/users/:user/repos', async (call) => {
      const repos = await database.repos.listByUser((await find(call)).id, allRepos)
      return json(repos.map((repo) => repoShape(repo)))
    }),
    route.sysadmin('POST /api/users/:user/token/rotate', async (call) => {
      const user = await find(call)
      const token = control.newToken()
      await database.users.setTokenHash(user.id, control.hashToken(token))
      // Drone keeps the new token to itself: its user reads it after a login, which there is none of yet.
      return json({ ...userShape(user), message: 'Token rotated successfully.', token })
    }),
  ]
}
