import { cancelBuild } from '@waggle/control'
import type { Build } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import { type Call, page, parameter, pathNumber } from '../http/call.ts'
import { json } from '../http/reply.ts'
import { type RepoCall, type Route, route } from '../http/route.ts'
import { missing } from '../http/status-of.ts'
import { buildShape } from '../shapes/build-shape.ts'
import { viewBuild } from '../shapes/view-build.ts'

/** Builds: listing, reading and cancelling (rest-api.md §7.2, §7.4). */
export const buildRoutes = ({ control }: ApiDeps): readonly Route[] => {
  const { database } = control
  const whole = async (build: Build | null) => {
    if (build === null) throw missing()
    return json(await viewBuild(control, build))
  }
  return [
    route.read('GET /api/repos/:owner/:name/builds', async (call) => {
      const ref = listedRef(call)
      const filter = ref === '' ? {} : { ref }
      const builds = await database.builds.list(call.repo.id, filter, page(call, 100))
      return json(builds.map((build) => buildShape(build)))
    }),
    route.read('GET /api/repos/:owner/:name/builds/latest', async (call) =>
      whole(await database.builds.findLatest(call.repo.id, latestRef(call))),
    ),
    route.read('GET /api/repos/:owner/:name/builds/:build', async (call) =>
      whole(await database.builds.findByNumber(call.repo.id, pathNumber(call, 'build'))),
    ),
    route.write('DELETE /api/repos/:owner/:name/builds/:build', async (call) => {
      const build = await database.builds.findByNumber(call.repo.id, pathNumber(call, 'build'))
      if (build === null) throw missing()
      await cancelBuild(control, build, call.user.login)
      return whole(await database.builds.find(build.id))
    }),
  ]
}

const listedRef = (call: Call): string => {
  const branch = parameter(call, 'branch')
  if (branch !== '') return `refs/heads/${branch}`
  const tag = parameter(call, 'tag')
  return tag === '' ? '' : `refs/tags/${tag}`
}

const latestRef = (call: RepoCall): string => {
  const branch = parameter(call, 'branch')
  if (branch !== '') return `refs/heads/${branch}`
  return parameter(call, 'ref') || `refs/heads/${call.repo.defaultBranch}`
}
