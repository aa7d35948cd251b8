import { manifestLimits } from '../limits.ts'
import type { ManifestIssue } from '../manifest-issue.ts'
import { readYaml } from './read-yaml.ts'
import { type RawDocument, splitDocuments } from './split-documents.ts'
import type { YamlNode } from './yaml-node.ts'
import type { NodeBudget } from './yaml-tree.ts'

export interface ReadDocument {
  /** Position in the file, from 1. */
  readonly number: number
  readonly raw: RawDocument
  readonly root: YamlNode | null
}

interface ReadFile {
  readonly documents: readonly ReadDocument[]
  readonly issues: readonly ManifestIssue[]
}

/** Files read last. A build's file is read for each of its stages, by the server and by the worker, and the next
 *  build's is usually the same: reading is the dearest part of compiling a stage. Trees are never changed once read.
 *
 *  A tree takes forty times its text at worst, so that texts are remembered up to the size of the largest file: eight of
 *  those took more than the thread has that reads strangers' files. */
const lastRead = new Map<string, ReadFile>()
const mostRead = 8
const mostReadChars = manifestLimits.textBytes

/** Splits a file and reads each document's tree, with the limits on the whole file. Never throws. */
export const readDocuments = (text: string): ReadFile => {
  const known = lastRead.get(text)
  lastRead.delete(text)
  if (known === undefined) makeRoom(text.length)
  const file = known ?? readFile(text)
  lastRead.set(text, file)
  return file
}

/** Before the next one is read, so that its tree does not come on top. */
const makeRoom = (nextChars: number): void => {
  let chars = nextChars
  for (const text of lastRead.keys()) chars += text.length
  for (const text of lastRead.keys()) {
    if (lastRead.size < mostRead && chars <= mostReadChars) return
    chars -= text.length
    lastRead.delete(text)
  }
}

const readFile = (text: string): ReadFile => {
  const tooLarge = sizeIssue(text, manifestLimits.textBytes)
  if (tooLarge !== null) return { documents: [], issues: [tooLarge] }
  const issues: ManifestIssue[] = []
  const documents: ReadDocument[] = []
  const budget: NodeBudget = { left: manifestLimits.nodes, richLeft: manifestLimits.richNodes }
  let contentful = 0
  for (const [index, raw] of splitDocuments(text).entries()) {
    const number = index + 1
    if (hasContent(raw.text)) contentful += 1
    if (contentful > manifestLimits.documents) {
      const message = `the file exceeds the limit of ${manifestLimits.documents} documents`
      issues.push(fileIssue('limit_documents', message, raw.line))
      break
    }
    const { root, problems } = hasContent(raw.text) ? readYaml(raw, budget) : empty
    for (const problem of problems) issues.push({ ...problem, document: number })
    documents.push({ number, raw, root })
    // A file that is over a limit, or broken all over, is not worth reading to its end.
    if (budget.left < 0 || budget.richLeft < 0 || issues.length >= manifestLimits.issues) break
    if (problems.some((problem) => problem.code === 'limit_nodes')) break
  }
  return { documents, issues: issues.slice(0, manifestLimits.issues) }
}

/** Rule X1 of pipeline.md §3.1: a file is read whole or not at all. */
export const sizeIssue = (text: string, limitBytes: number): ManifestIssue | null => {
  const sizeBytes = Buffer.byteLength(text)
  if (sizeBytes <= limitBytes) return null
  const message = `the file has ${sizeBytes} bytes and exceeds the limit of ${limitBytes} bytes`
  return fileIssue('limit_size', message)
}

const empty = { root: null, problems: [] } as const

/** Fifty thousand separators are cheap: blank documents never reach the parser (threats.md T-45). */
const hasContent = (text: string): boolean => /\S/.test(text)

export const fileIssue = (code: string, message: string, line = 1): ManifestIssue => ({
  code,
  message,
  document: 1,
  path: '',
  line,
  column: 1,
})
