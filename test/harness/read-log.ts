/** One entry of a process's own log. */
export type LogEntry = Readonly<Record<string, unknown>> & {
  readonly level: string
  readonly message: string
}

/** The entries of what a process printed. The first line is left out, for the oldest output is cut anywhere, and so is
 *  what comes after the last line's end: it is still being written. */
export const readLog = (output: string): readonly LogEntry[] =>
  output
    .split('\n')
    .slice(1, -1)
    .map((line) => JSON.parse(line) as LogEntry)
