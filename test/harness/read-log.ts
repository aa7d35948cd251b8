/** One entry of a process's own log. */
export type LogEntry = Readonly<Record<string, unknown>> & {
  readonly level: string
  readonly message: string
}

/** The entries of what a process printed. The first line is left out: the oldest output is cut anywhere. */
export const readLog = (output: string): readonly LogEntry[] =>
  output
    .split('\n')
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogEntry)
