/** A container image reference, taken apart (pipeline.md §12.7). */
export interface ImageName {
  /** `docker.io` where none is named. */
  readonly registry: string
  /** Path within the registry, with `library/` where the hub implies it. */
  readonly path: string
  readonly tag: string
  readonly digest: string
}

export interface ExpandedImage {
  readonly full: string
  /** Whether the expanded name ends in `:latest`, which is always pulled by default. */
  readonly isLatest: boolean
}

/** The full name of an image. A text that is no reference stays as it is. */
export const expandImage = (name: string): ExpandedImage => {
  const image = parseImageName(name)
  if (image === null) return { full: name, isLatest: name.endsWith(':latest') }
  const { registry, path, digest } = image
  const tag = image.tag === '' && digest === '' ? 'latest' : image.tag
  const full = `${registry}/${path}${tag && `:${tag}`}${digest && `@${digest}`}`
  return { full, isLatest: full.endsWith(':latest') }
}

/** Familiar name without tag and digest: `redis`, `acme/app`, `quay.io/a/b`; `null` for what is no reference. */
export const normalImageName = (name: string): string | null => {
  const image = parseImageName(name)
  if (image === null) return null
  if (image.registry !== 'docker.io') return `${image.registry}/${image.path}`
  const official = /^library\/([^/]+)$/.exec(image.path)
  return official?.[1] ?? image.path
}

/** `null` for what does not parse as a reference, or is a bare identifier. Linear; ASCII only, so that a look-alike
 *  letter cannot pass for a listed plugin (threats.md T-20). */
export const parseImageName = (name: string): ImageName | null => {
  if (name.length > 1_024 || /^[a-f0-9]{64}$/.test(name)) return null
  const [beforeDigest, digest] = cut(name, '@')
  if (digest !== null && !isDigest(digest)) return null
  const slash = beforeDigest.lastIndexOf('/')
  const colon = beforeDigest.indexOf(':', slash + 1)
  const repository = colon < 0 ? beforeDigest : beforeDigest.slice(0, colon)
  const tag = colon < 0 ? '' : beforeDigest.slice(colon + 1)
  if (colon >= 0 && !/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(tag)) return null
  const [first, rest] = cut(repository, '/')
  const isRegistry = rest !== null && (/[.:]/.test(first) || first === 'localhost')
  const registry = isRegistry ? first : 'docker.io'
  const path = isRegistry ? rest : repository
  if (isRegistry && !isHost(registry)) return null
  if (path.length > 255 || !path.split('/').every(isPathPart)) return null
  const isHub = registry === 'docker.io' || registry === 'index.docker.io'
  return {
    registry: isHub ? 'docker.io' : registry,
    path: isHub && !path.includes('/') ? `library/${path}` : path,
    tag,
    digest: digest ?? '',
  }
}

const cut = (text: string, separator: string): [string, string | null] => {
  const at = text.indexOf(separator)
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)]
}

const isHost = (text: string): boolean => {
  const [host, port] = cut(text, ':')
  if (port !== null && !/^[0-9]{1,5}$/.test(port)) return false
  return host.split('.').every((part) => /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/.test(part))
}

/** Lower-case letters and digits, joined by one dot, one or two underscores, or dashes. */
const isPathPart = (text: string): boolean =>
  /^[a-z0-9._-]+$/.test(text) &&
  text.split(/[a-z0-9]+/).every((joint, index, all) => {
    if (index === 0 || index === all.length - 1) return joint === ''
    return /^(\.|_|__|-+)$/.test(joint)
  })

const isDigest = (text: string): boolean =>
  /^sha256:[a-f0-9]{64}$/.test(text) || /^sha512:[a-f0-9]{128}$/.test(text)
