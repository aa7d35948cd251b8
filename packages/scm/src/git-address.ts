import { realpath } from 'node:fs/promises'
import { isAbsolute, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { denied, invalid } from '@waggle/domain'
import { hasControl } from './control-characters.ts'

/** An address that git may be given: checked, and without the credentials that it came with. */
export interface GitAddress {
  readonly protocol: 'https' | 'http' | 'ssh' | 'file'
  readonly url: string
  /** Name or literal address of the host; empty for `file`. */
  readonly host: string
  readonly port: number
  /** `user:password` of an http address; kept out of command lines, texts and logs. */
  readonly credentials: string
}

const addressLimit = 2_000

/** Reads an address (threats.md T-56). Only https, http, ssh (also in the form `user@host:path`) and, below the listed
 *  folders, local ones. Throws `invalid` or `denied` with a text for the user that shows no credentials. */
export const readGitAddress = async (
  text: string,
  localFolders: readonly string[],
): Promise<GitAddress> => {
  if (text === '') throw invalid('git_url', 'git address: empty')
  if (text.length > addressLimit)
    throw invalid('git_url', `git address: longer than ${addressLimit} characters`)
  if (hasControl(text) || /\s/.test(text))
    throw invalid('git_url', 'git address: holds blanks or control characters')
  // Would be read as an option by git, or (ext::, fd::) as a program to run.
  if (text.startsWith('-')) throw invalid('git_url', 'git address: must not begin with "-"')
  if (isAbsolute(text)) return localAddress(text, localFolders)
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return scpAddress(text)
  if (scheme === 'file') return localAddress(filePath(text), localFolders)
  if (scheme === 'https' || scheme === 'http' || scheme === 'ssh') return urlAddress(text, scheme)
  throw invalid('git_url', `git address: scheme "${scheme}" is not one of https, http, ssh, file`)
}

/** An address as it may be shown: without credentials. */
export const shownAddress = (text: string): string =>
  text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1').slice(0, 300)

const urlAddress = (text: string, protocol: 'https' | 'http' | 'ssh'): GitAddress => {
  if (!URL.canParse(text)) throw invalid('git_url', 'git address: not a valid URL')
  const url = new URL(text)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (host === '') throw invalid('git_url', 'git address: no host')
  // ssh would read "-oProxyCommand=…" as an option.
  if (host.startsWith('-') || url.username.startsWith('-'))
    throw invalid('git_url', 'git address: host and user must not begin with "-"')
  if (url.hash !== '') throw invalid('git_url', 'git address: must not hold "#"')
  const port = Number(url.port) || { https: 443, http: 80, ssh: 22 }[protocol]
  if (protocol === 'ssh') {
    if (url.password !== '') throw invalid('git_url', 'git address: ssh takes no password')
    return { protocol, url: url.href, host, port, credentials: '' }
  }
  const credentials =
    url.username === '' && url.password === ''
      ? ''
      : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  url.username = ''
  url.password = ''
  return { protocol, url: url.href, host, port, credentials }
}

/** `user@host:path`, the short form of ssh. */
const scpAddress = (text: string): GitAddress => {
  const parts = /^(?:([A-Za-z0-9_][A-Za-z0-9_.-]*)@)?([A-Za-z0-9][A-Za-z0-9.-]*):([^:].*)$/.exec(
    text,
  )
  if (!parts || text.includes('::') || parts[3]?.startsWith('-'))
    throw invalid('git_url', 'git address: neither a URL nor of the form user@host:path')
  return { protocol: 'ssh', url: text, host: parts[2] ?? '', port: 22, credentials: '' }
}

const filePath = (text: string): string => {
  try {
    return fileURLToPath(text)
  } catch (cause) {
    throw invalid('git_url', 'git address: not a valid file URL', { cause })
  }
}

const localAddress = async (path: string, localFolders: readonly string[]): Promise<GitAddress> => {
  const refused = denied(
    'git_folder',
    'git address: local repositories are only read below the folders that the server lists (WAGGLE_GIT_LOCAL_FOLDERS)',
  )
  // The same answer for what is missing and what is not allowed, so that nobody can probe the server's files.
  const real = await realpath(path).catch(() => null)
  if (real === null) throw refused
  for (const folder of localFolders) {
    const allowed = await realpath(folder).catch(() => null)
    if (allowed !== null && (real === allowed || real.startsWith(allowed + sep)))
      return { protocol: 'file', url: `file://${real}`, host: '', port: 0, credentials: '' }
  }
  throw refused
}
