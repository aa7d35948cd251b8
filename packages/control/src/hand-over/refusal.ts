/** The attempt that a call is about is not the caller's any more (lease_lost: end what runs, say nothing), or it was
 *  cancelled (end what runs, then acknowledge). */
export interface LeaseRefused {
  readonly kind: 'refused'
  readonly code: 'lease_lost' | 'cancelled'
}

export type LeaseOutcome = { readonly kind: 'ok' } | LeaseRefused

export const ok: LeaseOutcome = { kind: 'ok' }
export const leaseLost: LeaseRefused = { kind: 'refused', code: 'lease_lost' }
export const wasCancelled: LeaseRefused = { kind: 'refused', code: 'cancelled' }
