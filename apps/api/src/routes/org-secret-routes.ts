import { orgSecretPlace } from '@waggle/control'
import type { ApiDeps } from '../api-deps.ts'
import { jsonBody } from '../http/call.ts'
import { namespaceOf } from '../http/namespace-of.ts'
import { empty, json } from '../http/reply.ts'
import { type Route, route, type UserCall } from '../http/route.ts'
import { badRequest, missing } from '../http/status-of.ts'
import { readNewSecret, readSecretPatch } from '../secret-body.ts'
import { orgSecretShape } from '../shapes/secret-shape.ts'

/** Secrets of a namespace (rest-api.md §7.10): written, never read back. */
export const orgSecretRoutes = ({ control }: ApiDeps): readonly Route[] => {
  const { database, sealer } = control
  const find = async (call: UserCall) => {
    const namespace = namespaceOf(call)
    const secret = await database.orgSecrets.findByName(namespace, call.params['secret'] ?? '')
    if (secret === null) throw missing()
    return secret
  }
  const change = async (call: UserCall) => {
    const { id, namespace, name } = await find(call)
    const place = orgSecretPlace(namespace, name)
    const patch = readSecretPatch(jsonBody(call), (data) => sealer.seal(data, place))
    const updated = await database.orgSecrets.update(id, patch)
    if (updated === null) throw missing()
    return json(orgSecretShape(updated))
  }
  return [
    route.sysadmin('GET /api/secrets', async () => {
      const secrets = await database.orgSecrets.list()
      return json(secrets.map(orgSecretShape))
    }),
    route.user('GET /api/secrets/:namespace', async (call) => {
      const secrets = await database.orgSecrets.listByNamespace(namespaceOf(call))
      return json(secrets.map(orgSecretShape))
    }),
    route.user('POST /api/secrets/:namespace', async (call) => {
      const namespace = namespaceOf(call)
      if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(namespace))
        throw badRequest('Invalid Namespace')
      const { data, ...wish } = readNewSecret(jsonBody(call))
      const dataSealed = sealer.seal(data, orgSecretPlace(namespace, wish.name))
      const secret = await database.orgSecrets.create({ ...wish, namespace, dataSealed })
      return json(orgSecretShape(secret))
    }),
    route.user('GET /api/secrets/:namespace/:secret', async (call) =>
      json(orgSecretShape(await find(call))),
    ),
    route.user('PATCH /api/secrets/:namespace/:secret', change),
    route.user('POST /api/secrets/:namespace/:secret', change),
    route.user('DELETE /api/secrets/:namespace/:secret', async (call) => {
      const secret = await find(call)
      await database.orgSecrets.delete(secret.id)
      return empty()
    }),
  ]
}
