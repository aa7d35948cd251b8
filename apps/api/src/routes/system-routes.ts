import { isWaggleError, unavailable } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import { empty, json, text } from '../http/reply.ts'
import { type Route, route } from '../http/route.ts'

/** Health, version and metrics (rest-api.md §9.1, §9.2, §9.4; rule G10). */
export const systemRoutes = (deps: ApiDeps): readonly Route[] => [
  route.open('GET /healthz', async () => text('OK')),
  ...(['POST', 'PUT', 'PATCH', 'DELETE'] as const).map((method) =>
    route.open(`${method} /healthz`, async () => text('OK'), { bodyLimitBytes: 0 }),
  ),
  route.open('GET /readyz', async () => {
    if (deps.closing.aborted) return json({ status: 'stopping' }, 503)
    const [database, redis] = await Promise.all([
      answers(() => deps.control.database.ping()),
      answers(() => deps.control.offers.ping()),
    ])
    // Without Redis nothing is lost and nothing starts; people can still read: degraded, but ready.
    const status = database ? (redis ? 'ready' : 'degraded') : 'unavailable'
    return json({ status, database, redis }, database ? 200 : 503)
  }),
  route.open('GET /version', async () =>
    json({ version: `2.25.0+waggle.${deps.control.system.version}` }),
  ),
  route.open('GET /metrics', async ({ user }) => {
    if (!deps.metricsAnonymous) {
      if (user === null) return text('Invalid or missing prometheus token\n', 401)
      if (!user.admin && !user.machine) return text('Access denied\n', 403)
    }
    return text(await deps.metrics.text(), 200, deps.metrics.contentType)
  }),
  route.open('GET /favicon.ico', async () => empty()),
]

const answers = async (question: () => Promise<void>): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable('no_answer', 'no answer in 2 s')), 2_000)
  })
  try {
    await Promise.race([question(), late])
    return true
  } catch (error) {
    if (isWaggleError(error)) return false
    throw error
  } finally {
    clearTimeout(timer)
  }
}
