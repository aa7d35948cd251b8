import { redeliver } from '@waggle/control'
import { type Delivery, deliveryOutcomes } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import { page, parameter, pathNumber } from '../http/call.ts'
import { json } from '../http/reply.ts'
import { type RepoUserCall, type Route, route } from '../http/route.ts'
import { badRequest, missing } from '../http/status-of.ts'
import { deliveryShape } from '../shapes/delivery-shape.ts'
import { answerInTime } from '../start-answer.ts'

const workWithinMs = 5 * 60_000
const path = '/api/repos/:owner/:name/deliveries'

/** Webhooks and calls with what became of them, and evaluating one again; Waggle's own. */
export const deliveryRoutes = (deps: ApiDeps): readonly Route[] => {
  const { deliveries } = deps.control.database
  const find = async (call: RepoUserCall): Promise<Delivery> => {
    const delivery = await deliveries.find(call.repo.id, pathNumber(call, 'delivery'))
    if (delivery === null) throw missing()
    return delivery
  }
  return [
    route.write(`GET ${path}`, async (call) => {
      const given = parameter(call, 'outcome')
      const outcome = deliveryOutcomes.find((word) => word === given)
      if (given !== '' && outcome === undefined)
        throw badRequest(`outcome: must be one of ${deliveryOutcomes.join(', ')}`)
      const filter = outcome === undefined ? {} : { outcome }
      const found = await deliveries.list(call.repo.id, filter, page(call, 100))
      return json(found.map((delivery) => deliveryShape(delivery)))
    }),
    route.write(`GET ${path}/:delivery`, async (call) => {
      const delivery = await find(call)
      return json(deliveryShape(delivery, { can_redeliver: delivery.requestSealed !== null }))
    }),
    route.write(`POST ${path}/:delivery/redeliver`, async (call) => {
      const delivery = await find(call)
      call.log.info('delivery sent again', { name: call.user.login, 'repo.slug': call.repo.slug })
      const signal = AbortSignal.timeout(workWithinMs)
      const work = redeliver(deps.control, call.repo, delivery, signal)
      return answerInTime(deps, work, String(delivery.id))
    }),
  ]
}
