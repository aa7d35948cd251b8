/** One entry of a process's own log. */
export type LogEntry = Readonly<Record<string, unknown>> & {
  readonly level: string
  readonly message: string
}

/** The entries of what a process printed. The first line is left out, for the oldest output is cut anywhere, and so is
 *  what comes after the last line's end: it is still being written. A process that was started again has such ends
 *  in between, too. */
export const readLog = (output: string): readonly LogEntry[] =>
  output.split('\n').slice(1, -1).flatMap(entryOf)

const entryOf = (line: string): readonly LogEntry[] => {
  try {
    return [JSON.parse(line) as LogEntry]
  } catch {
    return []
  }
}
