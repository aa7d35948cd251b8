import { promoteBuild, restartBuild, retryFailed } from '@waggle/control'
import type { Build } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import { freeParameters, parameter, pathNumber } from '../http/call.ts'
import { type RepoUserCall, type Route, route } from '../http/route.ts'
import { missing } from '../http/status-of.ts'
import { idempotencyKey, startAnswer } from '../start-answer.ts'

/** Starting a build from an older one (rest-api.md §7.3); `failed=true` is Waggle's own. */
export const restartRoutes = (deps: ApiDeps): readonly Route[] => {
  const { control } = deps
  const buildOf = async (call: RepoUserCall): Promise<Build> => {
    const number = pathNumber(call, 'build')
    const build = await control.database.builds.findByNumber(call.repo.id, number)
    if (build === null) throw missing()
    return build
  }
  const promote = (event: 'promote' | 'rollback') => async (call: RepoUserCall) => {
    const build = await buildOf(call)
    const result = await promoteBuild(control, call.repo, build, {
      event,
      target: parameter(call, 'target'),
      by: call.user.login,
      params: freeParameters(call, ['target']),
      ...idempotencyKey(call),
    })
    return startAnswer(deps, result)
  }
  const path = '/api/repos/:owner/:name/builds/:build'
  return [
    route.write(`POST ${path}`, async (call) => {
      const build = await buildOf(call)
      const isRetry = parameter(call, 'failed') === 'true'
      const start = isRetry ? retryFailed : restartBuild
      const result = await start(control, call.repo, build, {
        by: call.user.login,
        debug: parameter(call, 'debug') === 'true',
        params: freeParameters(call, isRetry ? ['debug', 'failed'] : ['debug']),
        ...idempotencyKey(call),
      })
      return startAnswer(deps, result)
    }),
    route.write(`POST ${path}/promote`, promote('promote')),
    route.write(`POST ${path}/rollback`, promote('rollback')),
  ]
}
