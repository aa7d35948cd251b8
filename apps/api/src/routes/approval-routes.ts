import { approveStage, declineBuild, declineStage } from '@waggle/control'
import type { Build } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import { pathNumber } from '../http/call.ts'
import { empty } from '../http/reply.ts'
import { type RepoUserCall, type Route, route } from '../http/route.ts'
import { missing } from '../http/status-of.ts'

/** Letting blocked stages go on, or not (rest-api.md §7.4). */
export const approvalRoutes = ({ control }: ApiDeps): readonly Route[] => {
  const buildOf = async (call: RepoUserCall): Promise<Build> => {
    const number = pathNumber(call, 'build')
    const build = await control.database.builds.findByNumber(call.repo.id, number)
    if (build === null) throw missing()
    return build
  }
  const path = '/api/repos/:owner/:name/builds/:build'
  return [
    route.admin(`POST ${path}/approve/:stage`, async (call) => {
      await approveStage(control, await buildOf(call), pathNumber(call, 'stage'), call.user.login)
      return empty()
    }),
    route.admin(`POST ${path}/decline/:stage`, async (call) => {
      await declineStage(control, await buildOf(call), pathNumber(call, 'stage'), call.user.login)
      return empty()
    }),
    route.admin(`POST ${path}/decline`, async (call) => {
      await declineBuild(control, await buildOf(call), call.user.login)
      return empty()
    }),
  ]
}
