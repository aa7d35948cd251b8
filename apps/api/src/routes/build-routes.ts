import { cancelBuild, cancelOpen } from '@waggle/control'
import { type Build, conflict, isDone, type OpenBuildFilter } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import { type Call, page, parameter, pathNumber } from '../http/call.ts'
import { json } from '../http/reply.ts'
import { type RepoCall, type Route, route } from '../http/route.ts'
import { badRequest, missing } from '../http/status-of.ts'
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
      const { isCancelled } = await cancelBuild(control, build, call.user.login)
      // Cancelling what was over is no error (quirk Q9); losing to its end is (fault C1).
      if (!isCancelled && !isDone(build.status))
        throw conflict('already_finished', 'The build has finished meanwhile')
      return whole(await database.builds.find(build.id))
    }),
    // Waggle's own: all that wait, or run, at once.
    route.write('POST /api/repos/:owner/:name/builds/cancel', async (call) => {
      const builds = await cancelOpen(control, call.repo, openFilter(call), call.user.login)
      return json(builds.map((build) => buildShape(build)))
    }),
  ]
}

/** `status`: pending, running or all; `before`: a build's number; `branch`. */
const openFilter = (call: Call): OpenBuildFilter => {
  const status = parameter(call, 'status') || 'pending'
  if (status !== 'pending' && status !== 'running' && status !== 'all')
    throw badRequest('status: must be pending, running or all')
  const before = parameter(call, 'before')
  if (before !== '' && !/^\d{1,15}$/.test(before))
    throw badRequest('before: must be the number of a build')
  const branch = parameter(call, 'branch')
  return {
    ...(status === 'all' ? {} : { status }),
    ...(before === '' ? {} : { below: Number(before) }),
    ...(branch === '' ? {} : { ref: `refs/heads/${branch}` }),
  }
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
