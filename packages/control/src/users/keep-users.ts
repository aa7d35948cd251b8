import { conflict, type NewUser, notFound, type Stores, type User } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { promiseWebhooks } from '../webhooks/promise-webhooks.ts'

type Deps = Pick<ControlDeps, 'database' | 'webhooks' | 'hashToken'>

/** `conflict` where the login (without case) or the token is somebody else's. `body`: what receivers are told. */
export const createUser = async (
  deps: Deps,
  { token, ...wish }: Omit<NewUser, 'tokenHash'> & { readonly token: string },
  body: (user: User) => string,
): Promise<User> => {
  const user = await deps.database.transaction(async (stores) => {
    const made = await stores.users.create({ ...wish, tokenHash: deps.hashToken(token) })
    if (made === null) throw conflict('user_exists', `There is a user ${wish.login} already.`)
    await promiseWebhooks(deps, stores, { event: 'user', action: 'created', body: body(made) })
    return made
  })
  deps.webhooks?.kick()
  return user
}

/** Who is not active is no system admin either (rest-api.md §7.9). */
export const changeUser = (
  { database }: Deps,
  { id }: User,
  wish: { readonly admin?: boolean | undefined; readonly active?: boolean | undefined },
): Promise<User> =>
  database.transaction(async (stores) => {
    const admin = wish.active === false ? false : wish.admin
    if (admin === false) await keepOneAdmin(stores, id)
    const patch = {
      ...(admin === undefined ? {} : { admin }),
      ...(wish.active === undefined ? {} : { active: wish.active }),
    }
    const changed = await stores.users.update(id, patch)
    if (changed === null) throw gone()
    return changed
  })

/** Their rights in repositories go with them; what they built stays. */
export const removeUser = async (deps: Deps, { id }: User, body: string): Promise<void> => {
  await deps.database.transaction(async (stores) => {
    await keepOneAdmin(stores, id)
    if (!(await stores.users.delete(id))) throw gone()
    await promiseWebhooks(deps, stores, { event: 'user', action: 'deleted', body })
  })
  deps.webhooks?.kick()
}

/** Nobody could undo it: there would be no one left who may make an admin. */
const keepOneAdmin = async (stores: Stores, id: number): Promise<void> => {
  const admins = await stores.users.lockAdmins()
  if (admins.length === 1 && admins[0] === id)
    throw conflict('last_admin', 'This is the last system admin; make another one first.')
}

const gone = () => notFound('user_not_found', 'There is no such user.')
