import { secretPlace } from '@waggle/control'
import type { ApiDeps } from '../api-deps.ts'
import { jsonBody } from '../http/call.ts'
import { empty, json } from '../http/reply.ts'
import { type RepoCall, type Route, route } from '../http/route.ts'
import { badRequest, missing } from '../http/status-of.ts'
import { secretShape } from '../shapes/secret-shape.ts'

const valueLimit = 512 * 1024

/** A repository's secrets (rest-api.md §7.5): written, never read back. */
export const secretRoutes = ({ control }: ApiDeps): readonly Route[] => {
  const { database, sealer } = control
  const find = async (call: RepoCall) => {
    const secret = await database.secrets.findByName(call.repo.id, call.params['secret'] ?? '')
    if (secret === null) throw missing()
    return secret
  }
  return [
    route.write('GET /api/repos/:owner/:name/secrets', async ({ repo }) => {
      const secrets = await database.secrets.listByRepo(repo.id)
      return json(secrets.map(secretShape))
    }),
    route.write('POST /api/repos/:owner/:name/secrets', async (call) => {
      const body = jsonBody(call)
      const name = body.text('name') ?? ''
      if (!/^[A-Za-z0-9._-]{1,200}$/.test(name)) throw badRequest('Invalid Secret Name')
      const data = checkValue(body.text('data', valueLimit) ?? '')
      const secret = await database.secrets.create({
        repoId: call.repo.id,
        name,
        dataSealed: sealer.seal(data, secretPlace(call.repo.id, name)),
        pullRequest: body.flag('pull_request') ?? false,
        pullRequestPush: body.flag('pull_request_push') ?? false,
      })
      return json(secretShape(secret))
    }),
    route.write('GET /api/repos/:owner/:name/secrets/:secret', async (call) =>
      json(secretShape(await find(call))),
    ),
    route.write('PATCH /api/repos/:owner/:name/secrets/:secret', async (call) => {
      const secret = await find(call)
      const body = jsonBody(call)
      const data = body.text('data', valueLimit)
      const pullRequest = body.flag('pull_request')
      const pullRequestPush = body.flag('pull_request_push')
      const place = secretPlace(call.repo.id, secret.name)
      const updated = await database.secrets.update(secret.id, {
        ...(data === undefined ? {} : { dataSealed: sealer.seal(checkValue(data), place) }),
        ...(pullRequest === undefined ? {} : { pullRequest }),
        ...(pullRequestPush === undefined ? {} : { pullRequestPush }),
      })
      if (updated === null) throw missing()
      return json(secretShape(updated))
    }),
    route.write('DELETE /api/repos/:owner/:name/secrets/:secret', async (call) => {
      const secret = await find(call)
      await database.secrets.delete(secret.id)
      return empty()
    }),
  ]
}

const checkValue = (data: string): string => {
  if (data === '') throw badRequest('Invalid Secret Value')
  return data
}
