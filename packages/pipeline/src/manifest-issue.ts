/** A problem of a pipeline file, with its place. `document` counts from 1; line and column are those of the whole file. */
export interface ManifestIssue {
  readonly code: string
  readonly message: string
  readonly document: number
  /** Where in the document, such as `steps[2].commands`; empty = the document as a whole. */
  readonly path: string
  readonly line: number
  readonly column: number
}

/** One line for people: `document 2, line 12, column 3: steps[0].commands: cannot unmarshal …`. */
export const formatIssue = (issue: ManifestIssue): string => {
  const path = issue.path === '' ? '' : `${issue.path}: `
  const { document, line, column } = issue
  return oneLine(`document ${document}, line ${line}, column ${column}: ${path}${issue.message}`)
}

/** In the order of the file. */
export const byPlace = (a: ManifestIssue, b: ManifestIssue): number =>
  a.line - b.line || a.column - b.column

/** All issues as one text; the first twenty, so that a hostile file cannot make a long one. */
export const formatIssues = (issues: readonly ManifestIssue[]): string => {
  const shown = issues.slice(0, 20).map(formatIssue)
  if (issues.length > shown.length) shown.push(`and ${issues.length - shown.length} more`)
  return shown.join('\n')
}

/** Longest line for people: names and values of a file have no bound of their own. */
const longestLine = 1_000

const oneLine = (text: string): string => {
  const line = text.slice(0, longestLine).replace(/\s*[\n\r]\s*/g, ' ')
  return text.length > longestLine ? `${line}…` : line
}
