import type { Page } from '@waggle/domain'

/** A window that both databases take: a negative limit is an error to one and no limit to the other. */
export const bounded = ({ offset, limit }: Page): Page => ({
  offset: natural(offset),
  limit: natural(limit),
})

const natural = (value: number): number =>
  Math.min(Math.max(0, Math.trunc(value) || 0), Number.MAX_SAFE_INTEGER)
