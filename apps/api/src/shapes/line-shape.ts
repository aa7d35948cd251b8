import type { Line } from '@waggle/domain'

/** rest-api.md §6.7. Bytes that are not UTF-8 show as U+FFFD. */
export const lineShape = (line: Line) => ({
  pos: line.number,
  out: line.bytes.toString('utf8'),
  time: line.time,
})
