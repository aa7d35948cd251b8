type Json = Readonly<Record<string, unknown>>

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const number = (value: unknown): number => (typeof value === 'number' ? value : 0)

/** A webhook or call, and what became of it. */
export interface ApiDelivery {
  readonly id: number
  readonly via: string
  readonly outcome: string
  readonly reason: string
  readonly build: number
  readonly event: string
  readonly ref: string
  readonly commit: string
  readonly sender: string
  readonly delivery: string
  readonly bodyBytes: number
  readonly bodyHash: string
  readonly tries: number
  readonly created: number
  readonly canRedeliver: boolean
}

/** Missing members become empty: the server may be older or newer. `null` where it is no delivery at all. */
export const readDelivery = (raw: unknown): ApiDelivery | null => {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return null
  const delivery = raw as Json
  if (typeof delivery['id'] !== 'number') return null
  return {
    id: delivery['id'],
    via: text(delivery['via']),
    outcome: text(delivery['outcome']),
    reason: text(delivery['reason']),
    build: number(delivery['build']),
    event: text(delivery['event']),
    ref: text(delivery['ref']),
    commit: text(delivery['commit']),
    sender: text(delivery['sender']),
    delivery: text(delivery['delivery']),
    bodyBytes: number(delivery['body_bytes']),
    bodyHash: text(delivery['body_sha256']),
    tries: number(delivery['tries']),
    created: number(delivery['created']),
    canRedeliver: delivery['can_redeliver'] === true,
  }
}
