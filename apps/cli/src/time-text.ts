import { duration } from './progress/status-mark.ts'

/** A time in UTC, from seconds since 1970; empty where there was none. */
export const timeText = (seconds: number): string =>
  seconds <= 0 ? '' : new Date(seconds * 1_000).toISOString().slice(0, 19).replace('T', ' ')

/** How long ago that was. */
export const ago = (seconds: number): string =>
  seconds <= 0 ? '-' : `${duration(Date.now() / 1_000 - seconds)} ago`
