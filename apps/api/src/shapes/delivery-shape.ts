import { type Delivery, toUnixSeconds } from '@waggle/domain'
import { optional } from './optional.ts'

/** A delivery, which is Waggle's own. Neither its body nor another caller's key is part of it. */
export const deliveryShape = (
  delivery: Delivery,
  more: { readonly can_redeliver?: boolean } = {},
) => ({
  id: delivery.id,
  via: delivery.via,
  outcome: delivery.outcome,
  ...optional({
    delivery: hostId(delivery.key),
    reason: delivery.reason,
    build: delivery.buildNumber,
    event: delivery.event,
    ref: delivery.ref,
    commit: delivery.commit,
    sender: delivery.sender,
    body_sha256: delivery.bodyHash,
    body_bytes: delivery.bodyBytes,
  }),
  tries: delivery.tries,
  created: toUnixSeconds(delivery.createdAt),
  updated: toUnixSeconds(delivery.updatedAt),
  ...more,
})

/** The id that the sender of a webhook gave it. */
const hostId = (key: string): string => (key.startsWith('hook:') ? key.slice('hook:'.length) : '')
