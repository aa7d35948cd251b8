import { secretPlace } from '@waggle/control'
import type { ApiDeps } from '../api-deps.ts'
import { jsonBody } from '../http/call.ts'
import { empty, json } from '../http/reply.ts'
import { type RepoCall, type Route, route } from '../http/route.ts'
import { missing } from '../http/status-of.ts'
import { readNewSecret, readSecretPatch } from '../secret-body.ts'
import { secretShape } from '../shapes/secret-shape.ts'

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
      const { data, ...wish } = readNewSecret(jsonBody(call))
      const dataSealed = sealer.seal(data, secretPlace(call.repo.id, wish.name))
      const secret = await database.secrets.create({ ...wish, repoId: call.repo.id, dataSealed })
      return json(secretShape(secret))
    }),
    route.write('GET /api/repos/:owner/:name/secrets/:secret', async (call) =>
      json(secretShape(await find(call))),
    ),
    route.write('PATCH /api/repos/:owner/:name/secrets/:secret', async (call) => {
      const secret = await find(call)
      const place = secretPlace(call.repo.id, secret.name)
      const patch = readSecretPatch(jsonBody(call), (data) => sealer.seal(data, place))
      const updated = await database.secrets.update(secret.id, patch)
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
