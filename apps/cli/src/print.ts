import { styleText } from 'node:util'
import { cleanLine } from './clean-line.ts'

/** The one place that writes for the user. */
export const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

/** Messages quote files and servers that nobody vouches for: no escape sequence of theirs gets out. */
export const printError = (text: string): void => {
  const lines = text.split('\n').flatMap((line) => cleanLine(line))
  process.stderr.write(`${style('red', 'waggle:', process.stderr)} ${lines.join('\n')}\n`)
}

/** For a text that names its own program. */
export const printPlainError = (text: string): void => {
  process.stderr.write(`${text}\n`)
}

export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2))

/** Colours where the stream shows them (a terminal, without NO_COLOR). */
export const style = (
  format: Parameters<typeof styleText>[0],
  text: string,
  stream: NodeJS.WritableStream = process.stdout,
): string => styleText(format, text, { stream })

/** Columns as wide as their longest cell, from rows of text. */
export const table = (rows: readonly (readonly string[])[]): string => {
  const widths: number[] = []
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
