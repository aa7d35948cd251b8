import {
  toUnixSeconds,
  type WebhookCall,
  type WebhookLine,
  type WebhookReceiver,
} from '@waggle/domain'
import { optional } from './optional.ts'

/** A call of an outgoing webhook, for admins. What was sent is not part of it. */
export const webhookCallShape = (call: WebhookCall, url: string) => ({
  id: call.id,
  receiver: call.receiver,
  url,
  event: call.event,
  action: call.action,
  ...optional({ repo_id: call.repoId, build_id: call.buildId }),
  state: call.state,
  tries: call.tries,
  ...optional({ status: call.status, error: call.error }),
  created: toUnixSeconds(call.createdAt),
  ...optional({ ended: toUnixSeconds(call.endedAt) }),
})

/** A receiver with what waits for it. */
export const webhookReceiverShape = (
  { key, url }: Pick<WebhookReceiver, 'key' | 'url'>,
  line: WebhookLine | undefined,
) => ({
  receiver: key,
  url,
  waiting: line?.waiting ?? 0,
  failed: line?.failed ?? 0,
  sent: line?.sent ?? 0,
  ...optional({ oldest: toUnixSeconds(line?.oldestAt ?? 0) }),
})
