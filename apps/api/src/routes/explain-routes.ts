import { explainWait } from '@waggle/control'
import type { ApiDeps } from '../api-deps.ts'
import { pathNumber } from '../http/call.ts'
import { json } from '../http/reply.ts'
import { type Route, route } from '../http/route.ts'
import { missing, unauthorized } from '../http/status-of.ts'
import { waitShape } from '../shapes/wait-shape.ts'

/** Why a stage does not run, Waggle's own. */
export const explainRoutes = ({ control }: ApiDeps): readonly Route[] => {
  const { database } = control
  return [
    route.read('GET /api/repos/:owner/:name/builds/:build/stages/:stage/explain', async (call) => {
      // It names workers, which are not every guest's business.
      if (call.user === null) throw unauthorized()
      const build = await database.builds.findByNumber(call.repo.id, pathNumber(call, 'build'))
      if (build === null) throw missing()
      const number = pathNumber(call, 'stage')
      const known = (await database.stages.outline(build.id)).find((one) => one.number === number)
      const stage = known && (await database.stages.find(known.id))
      if (!stage) throw missing()
      return json(waitShape(build.number, stage, await explainWait(control, stage)))
    }),
  ]
}
