import { invalid } from '@waggle/domain'

/** Hosts whose calls are known. */
export const hostKinds = [
  'github',
  'gitlab',
  'gitea',
  'forgejo',
  'gogs',
  'bitbucket',
  'stash',
] as const
export type HostKind = (typeof hostKinds)[number]

/** Where a host is: its pages and clone addresses, and its API. Both addresses end with a slash. */
export interface HostPlace {
  readonly kind: HostKind
  readonly server: URL
  readonly api: URL
}

const usualServer: Partial<Record<HostKind, string>> = {
  github: 'https://github.com/',
  gitlab: 'https://gitlab.com/',
  bitbucket: 'https://bitbucket.org/',
}

/** The usual addresses where none is given (webhooks.md §10.1). Throws `invalid` for an address that is none, and where
 *  a host that everybody runs for themselves is given without one. */
export const hostPlace = (kind: HostKind, server = '', api = ''): HostPlace => {
  const pages = baseUrl(server || (usualServer[kind] ?? ''), `the address of ${kind}`)
  return { kind, server: pages, api: api === '' ? usualApi(kind, pages) : baseUrl(api, 'the API') }
}

const usualApi = (kind: HostKind, server: URL): URL => {
  switch (kind) {
    case 'github':
      return server.hostname === 'github.com'
        ? new URL('https://api.github.com/')
        : new URL('api/v3/', server)
    case 'gitlab':
      return new URL('api/v4/', server)
    case 'gitea':
    case 'forgejo':
    case 'gogs':
      return new URL('api/v1/', server)
    case 'bitbucket':
      return new URL('https://api.bitbucket.org/2.0/')
    case 'stash':
      return new URL('rest/', server)
    default:
      return kind satisfies never
  }
}

/** Keeps its own path part: a host may be at `https://example.com/git/`. */
const baseUrl = (text: string, name: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw invalid('bad_host', `${name} has to begin with http:// or https:// and to name no user`)
  url.search = ''
  url.hash = ''
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

/** What the host calls the repository of a git address: over http and https below its own address, over SSH on its
 *  machine. `null` = it is not there. */
export const slugAt = ({ kind, server }: HostPlace, gitUrl: string): string | null => {
  const path = pathAt(server, gitUrl)
  if (path === null) return null
  const parts = path
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .split('/')
  if (kind === 'stash' && parts.length === 3 && parts[0] === 'scm') parts.shift()
  const isWhole = parts.every((part) => part !== '' && part !== '.' && part !== '..')
  const hasLevels = kind === 'gitlab' ? parts.length >= 2 : parts.length === 2
  return isWhole && hasLevels ? parts.join('/') : null
}

const pathAt = (server: URL, gitUrl: string): string | null => {
  // `git@host:owner/name.git` is an address of SSH.
  const text = gitUrl.replace(/^([^/@\s]+@)([^/:\s]+):(?!\/\/)/, 'ssh://$1$2/')
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  const path = decoded(url.pathname)
  if (path === null) return null
  if (url.protocol === 'ssh:')
    return url.hostname.toLowerCase() === server.hostname ? path.slice(1) : null
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null
  return url.host === server.host && path.startsWith(server.pathname)
    ? path.slice(server.pathname.length)
    : null
}

const decoded = (path: string): string | null => {
  try {
    return decodeURIComponent(path)
  } catch {
    return null
  }
}
