import { freePlace } from '@waggle/control'
import { conflict } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import { pathNumber } from '../http/call.ts'
import { empty } from '../http/reply.ts'
import { type Route, route } from '../http/route.ts'
import { missing } from '../http/status-of.ts'

/** Giving up the place that a stage keeps under its limit after its worker was lost (docs/scheduling.md). */
export const limitRoutes = ({ control }: ApiDeps): readonly Route[] => [
  route.admin('POST /api/repos/:owner/:name/builds/:build/release/:stage', async (call) => {
    const { builds, stages } = control.database
    const build = await builds.findByNumber(call.repo.id, pathNumber(call, 'build'))
    const number = pathNumber(call, 'stage')
    const stage = build && (await stages.listByBuild(build.id)).find((s) => s.number === number)
    if (!stage) throw missing()
    if (!(await freePlace(control, stage, `given up by ${call.user.login}`)))
      throw conflict('no_place', 'The stage keeps no place under a limit')
    return empty()
  }),
]
