import { setTimeout as delay } from 'node:timers/promises'
import { purgeBuilds } from '@waggle/control'
import type { RepoRetention } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import { jsonBody, parameter } from '../http/call.ts'
import type { JsonBody } from '../http/json-body.ts'
import { empty, json } from '../http/reply.ts'
import { type Route, route } from '../http/route.ts'
import { badRequest } from '../http/status-of.ts'

const answerWithinMs = 20_000

/** Deleting old builds (rest-api.md §7.2), and how long a repository keeps them, which is Waggle's own. */
export const purgeRoutes = (deps: ApiDeps): readonly Route[] => {
  const { control, background, closing } = deps
  const { database } = control
  return [
    route.admin('DELETE /api/repos/:owner/:name/builds', async (call) => {
      const before = parameter(call, 'before')
      if (!/^\d{1,15}$/.test(before)) throw badRequest('before: must be the number of a build')
      const rule = { kind: 'number_before', number: Number(before) } as const
      call.log.info('builds are purged', { reason: `by ${call.user.login}` })
      const work = purgeBuilds(control, call.repo, rule, closing)
      // Thousands take minutes: then the answer comes before the end.
      const timer = new AbortController()
      const late = delay(answerWithinMs, 'late', { signal: timer.signal }).catch(() => 'late')
      const first = await Promise.race([work, late]).finally(() => timer.abort())
      if (first === 'late') background.add('purge', work)
      return empty()
    }),
    route.write('GET /api/repos/:owner/:name/retention', async ({ repo }) =>
      json(retentionShape(await database.purge.findRetention(repo.id))),
    ),
    // 0 = for ever, -1 = as the server's settings say. What is not named stays.
    route.admin('PATCH /api/repos/:owner/:name/retention', async (call) => {
      const old = await database.purge.findRetention(call.repo.id)
      const retention = { ...old, ...readRules(jsonBody(call)) }
      await database.purge.setRetention(call.repo.id, retention)
      call.log.info('retention changed', { reason: `by ${call.user.login}` })
      return json(retentionShape(retention))
    }),
  ]
}

const days = { min: -1, max: 36_500 }

/** -1 takes a rule back, for an absent member and `null` are the same (rest-api.md §3.6). */
const readRules = (body: JsonBody): Partial<RepoRetention> => {
  const read = (name: string, limits: { min: number; max: number }) => {
    const value = body.integer(name, limits)
    return value === -1 ? null : value
  }
  const rules = {
    buildDays: read('builds_days', days),
    buildCount: read('builds_keep', { min: -1, max: 100_000_000 }),
    logDays: read('logs_days', days),
  }
  return Object.fromEntries(
    Object.entries(rules).filter(([, value]) => value !== undefined),
  ) as Partial<RepoRetention>
}

const retentionShape = (retention: RepoRetention) => ({
  builds_days: retention.buildDays,
  builds_keep: retention.buildCount,
  logs_days: retention.logDays,
})
