import type { UserCall } from './route.ts'
import { HttpError } from './status-of.ts'

/** The namespace of the path, for whoever may see into it: a system admin, and whoever it is named after. Everybody
 *  else gets 401, as on Drone (rest-api.md §5.4). */
export const namespaceOf = (call: UserCall): string =>
  ownNamespace(call, call.params['namespace'] ?? '')

/** The same for a namespace that a body names. */
export const ownNamespace = ({ user }: UserCall, namespace: string): string => {
  const isOwn = user.active && user.login.toLowerCase() === namespace.toLowerCase()
  if (!user.admin && !isOwn) throw new HttpError(401, 'Forbidden')
  return namespace
}
