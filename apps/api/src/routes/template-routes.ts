import { isTemplateName, type NewTemplate } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import { jsonBody } from '../http/call.ts'
import type { JsonBody } from '../http/json-body.ts'
import { namespaceOf, ownNamespace } from '../http/namespace-of.ts'
import { empty, json } from '../http/reply.ts'
import { type Route, route, type UserCall } from '../http/route.ts'
import { badRequest, missing } from '../http/status-of.ts'
import { templateShape } from '../shapes/template-shape.ts'

/** As much as a pipeline file may have. */
const dataLimit = 1024 * 1024
// A text of line feeds takes two bytes each on its way.
const bodyLimitBytes = 2 * dataLimit + 64 * 1024

/** Templates of namespaces (rest-api.md §7.10). */
export const templateRoutes = ({ control }: ApiDeps): readonly Route[] => {
  const { database } = control
  const find = async (call: UserCall) => {
    const template = await database.templates.findByName(namespaceOf(call), nameOf(call))
    if (template === null) throw missing()
    return template
  }
  const create = async (namespace: string, body: JsonBody) => {
    if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(namespace)) throw badRequest('Invalid Namespace')
    return json(
      templateShape(await database.templates.create({ ...readTemplate(body), namespace })),
    )
  }
  const change = async (call: UserCall) => {
    const template = await find(call)
    const body = jsonBody(call)
    const data = body.text('data', dataLimit)
    const namespace = body.text('namespace', 100) ?? ''
    if (namespace !== '' && namespace.toLowerCase() !== template.namespace.toLowerCase())
      throw badRequest('namespace: a template stays where it is')
    const updated = await database.templates.update(template.id, data ? { data: stored(data) } : {})
    if (updated === null) throw missing()
    return json(templateShape(updated))
  }
  return [
    route.sysadmin('GET /api/templates', async () =>
      json((await database.templates.list()).map(templateShape)),
    ),
    // Command lines of 1.3.0 name the namespace in the body.
    route.user(
      'POST /api/templates',
      async (call) => {
        const body = jsonBody(call)
        return create(ownNamespace(call, body.text('namespace', 100) ?? ''), body)
      },
      { bodyLimitBytes },
    ),
    route.user('GET /api/templates/:namespace', async (call) =>
      json((await database.templates.listByNamespace(namespaceOf(call))).map(templateShape)),
    ),
    route.user(
      'POST /api/templates/:namespace',
      async (call) => create(namespaceOf(call), jsonBody(call)),
      { bodyLimitBytes },
    ),
    route.user('GET /api/templates/:namespace/:template', async (call) =>
      json(templateShape(await find(call))),
    ),
    route.user('PATCH /api/templates/:namespace/:template', change, { bodyLimitBytes }),
    route.user('PUT /api/templates/:namespace/:template', change, { bodyLimitBytes }),
    route.user('DELETE /api/templates/:namespace/:template', async (call) => {
      const template = await find(call)
      await database.templates.delete(template.id)
      return empty()
    }),
  ]
}

const nameOf = (call: UserCall): string => call.params['template'] ?? ''

const readTemplate = (body: JsonBody): Omit<NewTemplate, 'namespace'> => {
  const name = body.text('name', 500) ?? ''
  if (name === '') throw badRequest('No Template Name Provided')
  const data = body.text('data', dataLimit) ?? ''
  if (data === '') throw badRequest('No Template Data Provided')
  if (!isTemplateName(name))
    throw badRequest('Template extension invalid. Must be yaml, starlark or jsonnet')
  return { name, data: stored(data) }
}

/** PostgreSQL takes no NUL in text, and no template needs one. */
const stored = (data: string): string => {
  if (data.includes('\0')) throw badRequest('data: holds a NUL character')
  return data.toWellFormed()
}
