/** One document of a file, as written. Its bytes are what a signature covers (pipeline.md §4.4). */
export interface RawDocument {
  readonly text: string
  /** Line of the file on which it begins, from 1. */
  readonly line: number
}

/** Splits a file by lines, before any YAML is parsed (pipeline.md §3.1): a line that begins with `---` separates,
 *  one that begins with `...` ends the file. Linear; never truncates. */
export const splitDocuments = (text: string): RawDocument[] => {
  const documents: RawDocument[] = []
  let lines: string[] | null = null
  let first = 0
  let number = 0
  const close = () => {
    if (lines !== null) documents.push({ text: lines.join(''), line: first })
  }
  for (const line of linesOf(text)) {
    number += 1
    if (line.startsWith('...')) break
    if (line.startsWith('---')) {
      close()
      lines = []
      first = number + 1
      continue
    }
    if (lines === null) {
      lines = []
      first = number
    }
    lines.push(`${line}\n`)
  }
  close()
  return documents
}

function* linesOf(text: string): Generator<string> {
  let start = 0
  while (start < text.length) {
    const end = text.indexOf('\n', start)
    const line = end < 0 ? text.slice(start) : text.slice(start, end)
    yield line.endsWith('\r') ? line.slice(0, -1) : line
    if (end < 0) return
    start = end + 1
  }
}
