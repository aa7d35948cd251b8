import { webhookStates } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import { page, parameter, pathNumber } from '../http/call.ts'
import { json } from '../http/reply.ts'
import { type Route, route } from '../http/route.ts'
import { badRequest, missing } from '../http/status-of.ts'
import { webhookCallShape, webhookReceiverShape } from '../shapes/webhook-shape.ts'

/** Outgoing webhooks: who is told, what waits, what failed, and telling again; Waggle's own. */
export const webhookRoutes = ({ control }: ApiDeps): readonly Route[] => {
  const { webhookCalls } = control.database
  const { webhooks } = control
  const host = webhooks?.statuses ? [{ key: 'status', url: webhooks.statuses.url }] : []
  const receivers = [...(webhooks?.receivers ?? []), ...host]
  const urlOf = (receiver: string) =>
    receivers.find(({ key }) => key === receiver || receiver.startsWith(`${key}:`))?.url ?? ''
  return [
    route.sysadmin('GET /api/webhooks', async () => {
      const lines = await webhookCalls.lines()
      return json(
        receivers.map((one) =>
          webhookReceiverShape(
            one,
            lines.find(({ receiver }) => receiver === one.key),
          ),
        ),
      )
    }),
    route.sysadmin('GET /api/webhooks/calls', async (call) => {
      const given = parameter(call, 'state')
      const state = webhookStates.find((word) => word === given)
      if (given !== '' && state === undefined)
        throw badRequest(`state: must be one of ${webhookStates.join(', ')}`)
      const receiver = parameter(call, 'receiver')
      const filter = {
        ...(state === undefined ? {} : { state }),
        ...(receiver === '' ? {} : { receiver }),
      }
      const found = await webhookCalls.list(filter, page(call, 100))
      return json(found.map((one) => webhookCallShape(one, urlOf(one.receiver))))
    }),
    route.sysadmin('POST /api/webhooks/calls/:call', async (call) => {
      const again = await webhookCalls.resend(pathNumber(call, 'call'))
      if (again === null) throw missing()
      call.log.info('webhook sent again', { name: call.user.login })
      control.webhooks?.kick()
      return json(webhookCallShape(again, urlOf(again.receiver)))
    }),
  ]
}
