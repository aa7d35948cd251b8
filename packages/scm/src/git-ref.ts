import { invalid } from '@waggle/domain'
import { hasControl } from './control-characters.ts'

/** Throws `invalid` where git itself would not take the text as a ref's name, or could take it as something else. */
export const checkRef = (ref: string): void => {
  const bad =
    ref.length > 500 ||
    ref.startsWith('-') ||
    ref.startsWith('/') ||
    ref.endsWith('/') ||
    ref.endsWith('.') ||
    ref.endsWith('.lock') ||
    ref.includes('..') ||
    ref.includes('//') ||
    ref.includes('@{') ||
    ref === '@' ||
    hasControl(ref) ||
    /[ ~^:?*[\\]/.test(ref)
  if (bad) throw invalid('git_ref', 'git ref: not a valid name of a branch or tag')
}

/** Full commit ids, SHA-1 or SHA-256. */
export const isCommitId = (text: string): boolean => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text)

export const checkCommit = (commit: string): void => {
  if (!isCommitId(commit)) throw invalid('git_commit', 'git commit: not a full commit id')
}

/** The path of the configuration file inside a repository (threats.md T-57). Throws `invalid`. */
export const checkPath = (path: string): void => {
  const parts = path.split('/')
  const bad =
    Buffer.byteLength(path) > 255 ||
    path.startsWith('/') ||
    path.includes('\\') ||
    hasControl(path) ||
    parts.some((part) => part === '' || part === '.' || part === '..') ||
    parts.some((part) => part.toLowerCase() === '.git')
  if (bad) throw invalid('git_path', 'configuration path: must be a plain relative path')
}
