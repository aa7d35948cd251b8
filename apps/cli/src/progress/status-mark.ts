import { style } from '../print.ts'

const marks: Readonly<Record<string, readonly [string, Parameters<typeof style>[0]]>> = {
  success: ['✔', 'green'],
  failure: ['✖', 'red'],
  error: ['✖', 'red'],
  killed: ['■', 'yellow'],
  running: ['●', 'cyan'],
  blocked: ['◆', 'magenta'],
  skipped: ['–', 'dim'],
  declined: ['–', 'dim'],
}

/** One character for a status, coloured where `out` shows colours. */
export const statusMark = (status: string, out: NodeJS.WritableStream): string => {
  const [mark, colour] = marks[status] ?? ['○', 'dim']
  return style(colour, mark, out)
}

export const duration = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole}s`
  if (whole < 3_600) return `${Math.floor(whole / 60)}m${whole % 60}s`
  return `${Math.floor(whole / 3_600)}h${Math.floor((whole % 3_600) / 60)}m`
}
