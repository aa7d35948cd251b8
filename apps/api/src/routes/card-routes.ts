import { putCard } from '@waggle/control'
import type { ApiDeps } from '../api-deps.ts'
import { jsonBody } from '../http/call.ts'
import { empty, json, text } from '../http/reply.ts'
import { type Route, route } from '../http/route.ts'
import { badRequest, missing } from '../http/status-of.ts'
import { findStep } from '../step-log.ts'

const path = '/api/repos/:owner/:name/cards/:build/:stage/:step' as const

/** Cards of steps (rest-api.md §7.13). Workers bring theirs over the worker protocol. */
export const cardRoutes = ({ control }: ApiDeps): readonly Route[] => {
  const { database } = control
  return [
    route.read(`GET ${path}`, async (call) => {
      const { step } = await findStep(database, call)
      const data = await database.cards.find(step.id)
      if (data === null) throw missing()
      return text(data, 200, 'application/json')
    }),
    route.admin(`POST ${path}`, async (call) => {
      const { step } = await findStep(database, call)
      const body = jsonBody(call)
      const schema = body.text('schema', 2_000)
      if (schema === undefined) throw badRequest('schema: must be a string')
      const card = { schema, data: JSON.stringify(body.value('data') ?? null) }
      await database.transaction((stores) => putCard(stores, step.id, card))
      return json(step.id)
    }),
    route.admin(`DELETE ${path}`, async (call) => {
      const { step } = await findStep(database, call)
      await database.transaction(async (stores) => {
        await stores.cards.delete(step.id)
        await stores.steps.update(step.id, { schema: '' })
      })
      return empty()
    }),
  ]
}
