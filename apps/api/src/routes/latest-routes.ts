import type { LatestKey, LatestType } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import type { Call } from '../http/call.ts'
import { empty, json } from '../http/reply.ts'
import { type RepoCall, type Route, route } from '../http/route.ts'
import { buildShape } from '../shapes/build-shape.ts'

/** The newest build of each branch, pull request and deployment target (rest-api.md §7.2, scheduling.md §4.6). */
export const latestRoutes = ({ control }: ApiDeps): readonly Route[] => {
  const { latest } = control.database
  const list = (type: LatestType) => async (call: RepoCall) => {
    const builds = await latest.list(call.repo.id, type)
    return json(builds.map((build) => buildShape(build)))
  }
  const remove = (type: LatestType) => async (call: RepoCall) => {
    await latest.delete(call.repo.id, keyOf(call, type))
    return empty()
  }
  const path = '/api/repos/:owner/:name/builds'
  return [
    route.read(`GET ${path}/branches`, list('branch')),
    route.read(`GET ${path}/pulls`, list('pull_request')),
    route.read(`GET ${path}/deployments`, list('deployment')),
    route.write(`DELETE ${path}/branches/*entry`, remove('branch')),
    route.write(`DELETE ${path}/pulls/*entry`, remove('pull_request')),
    route.write(`DELETE ${path}/deployments/*entry`, remove('deployment')),
  ]
}

/** The rest of a path arrives in its parts: names of branches have slashes. */
const keyOf = (call: Call, type: LatestType): LatestKey => {
  const parts = call.params['entry'] as unknown as string | readonly string[]
  return { type, name: [parts].flat().join('/') }
}
