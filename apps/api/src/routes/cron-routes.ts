import { type CronChange, type CronWish, changeCron, createCron, runCron } from '@waggle/control'
import { isWaggleError, WaggleError } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import { jsonBody } from '../http/call.ts'
import type { JsonBody } from '../http/json-body.ts'
import { empty, json } from '../http/reply.ts'
import { type RepoUserCall, type Route, route } from '../http/route.ts'
import { HttpError, missing } from '../http/status-of.ts'
import { cronShape } from '../shapes/cron-shape.ts'
import { startAnswer } from '../start-answer.ts'

const path = '/api/repos/:owner/:name/cron' as const

/** Cron jobs of a repository (rest-api.md §7.6). */
export const cronRoutes = (deps: ApiDeps): readonly Route[] => {
  const { control } = deps
  const { database } = control
  const find = async (call: RepoUserCall) => {
    const cron = await database.crons.findByName(call.repo.id, call.params['cron'] ?? '')
    if (cron === null) throw missing()
    return cron
  }
  return [
    route.write(`GET ${path}`, async ({ repo }) =>
      json((await database.crons.listByRepo(repo.id)).map(cronShape)),
    ),
    route.write(`POST ${path}`, async (call) =>
      json(cronShape(await createCron(control, call.repo, readWish(jsonBody(call))))),
    ),
    route.write(`GET ${path}/:cron`, async (call) => json(cronShape(await find(call)))),
    route.write(
      `POST ${path}/:cron`,
      async (call) => {
        const cron = await find(call)
        call.log.info('cron started', { name: cron.name, reason: `by ${call.user.login}` })
        // Not bound to the connection: a caller that hangs up must not leave half a build.
        const run = runCron(control, call.repo, cron).catch((error: unknown) => {
          // A head that cannot be read is 404, as Drone has it; its text says why.
          if (error instanceof WaggleError && isWaggleError(error, 'not_found'))
            throw new HttpError(404, error.message)
          throw error
        })
        return startAnswer(deps, await run)
      },
      { bodyLimitBytes: 0 },
    ),
    route.write(`PATCH ${path}/:cron`, async (call) => {
      const cron = await find(call)
      const changed = await changeCron(control, cron, readChange(call))
      if (changed === null) throw missing()
      return json(cronShape(changed))
    }),
    // Drone's command line deletes twice in a row (quirk Q7).
    route.write(`DELETE ${path}/:cron`, async (call) => {
      const { id } = call.repo
      const cron = await database.crons.findByName(id, call.params['cron'] ?? '')
      if (cron !== null) await database.crons.delete(cron.id)
      return empty()
    }),
  ]
}

const readWish = (body: JsonBody): CronWish => ({
  name: body.text('name') ?? '',
  expr: body.text('expr') ?? '',
  branch: body.text('branch') ?? '',
  timeZone: body.text('timezone'),
  target: body.text('target'),
  disabled: body.flag('disabled'),
})

/** A body that cannot be read changes nothing. */
const readChange = (call: RepoUserCall): CronChange => {
  try {
    const body = jsonBody(call)
    return {
      expr: body.text('expr'),
      branch: body.text('branch'),
      target: body.text('target'),
      timeZone: body.text('timezone'),
      disabled: body.flag('disabled'),
    }
  } catch (error) {
    if (error instanceof HttpError && error.status === 400) return {}
    throw error
  }
}
