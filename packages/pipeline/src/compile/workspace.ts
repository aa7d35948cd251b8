import { posix } from 'node:path'

export interface Workspace {
  /** Where the shared volume is mounted. */
  readonly base: string
  /** Path below it, as written. */
  readonly path: string
  /** The working directory. */
  readonly full: string
}

const exactly = ['/', '/etc', '/var']
const within = [
  '/etc/docker',
  '/var/run',
  '/proc',
  '/usr/local/bin',
  '/usr/local/sbin',
  '/usr/bin',
  '/bin',
  '/mnt',
  '/mount',
  '/media',
  '/sys',
  '/dev',
]

/** Paths that may not be a workspace (pipeline.md §12.3.1). */
export const isRestrictedPath = (path: string): boolean => {
  const clean = cleanPath(path).toLowerCase()
  return exactly.includes(clean) || isWithin(clean, within)
}

/** Whether a path equals or lies below one of the folders. */
export const isWithin = (path: string, folders: readonly string[]): boolean =>
  folders.some((folder) => path === folder || path.startsWith(`${folder}/`))

/** Absolute, without `.`, `..`, doubled and trailing slashes. */
export const cleanPath = (path: string): string => {
  const clean = posix.normalize(`/${path}`)
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean
}

/** The workspace of pipeline.md §5.4, or that of a local directory (§12.3.2). A restricted path falls back. */
export const workspaceOf = (
  written: { readonly base: string; readonly path: string },
  os: string,
  localFolder = '',
): Workspace => {
  const fallback = { base: '/drone/src', path: '', full: '/drone/src' }
  let { base, path } = written
  if (base === '') {
    const isWhole = path.startsWith('/')
    base = isWhole ? path : fallback.base
    path = isWhole ? '' : path
  }
  const full = cleanPath(`${base}/${path}`)
  const isAllowed = !isRestrictedPath(full) && !isRestrictedPath(base) && isPlain(base + path)
  const workspace = isAllowed ? { base: cleanPath(base), path, full } : fallback
  const local =
    localFolder === '' ? workspace : { base: workspace.full, path: '', full: workspace.full }
  return os === 'windows' ? toWindows(local) : local
}

/** No control characters, and no `:`, which separates in mount options. */
const isPlain = (path: string): boolean => !/[\p{Cc}:]/u.test(path)

const toWindows = ({ base, path, full }: Workspace): Workspace => {
  const turn = (text: string): string => text.replaceAll('/', '\\')
  return { base: `c:${turn(base)}`, path: turn(path), full: `c:${turn(full)}` }
}
