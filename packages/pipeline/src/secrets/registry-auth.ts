import { parseImageName } from '../compile/image-name.ts'

export interface RegistryAuth {
  readonly address: string
  readonly username: string
  readonly password: string
}

/** Credentials of a secret in Docker's form (pipeline.md §12.8), in file order; none where it is malformed. */
export const parseRegistryAuths = (json: string): RegistryAuth[] => {
  const root = parseObject(json)
  const auths = root === null ? null : asObject(root['auths'])
  return Object.entries(auths ?? {}).flatMap(([key, value]) => {
    const entry = asObject(value)
    return entry === null ? [] : [{ address: registryAddress(key), ...loginOf(entry) }]
  })
}

/** The first entry for the image's registry. */
export const findRegistryAuth = (
  auths: readonly RegistryAuth[],
  image: string,
): RegistryAuth | null => {
  const registry = parseImageName(image)?.registry
  return auths.find((auth) => auth.address === registry) ?? null
}

/** Scheme and path go first, then the hub's second name (rule X14). */
export const registryAddress = (key: string): string => {
  const scheme = key.indexOf('://')
  const host = (scheme < 0 ? key : key.slice(scheme + 3)).split('/')[0] ?? ''
  return host === 'index.docker.io' ? 'docker.io' : host
}

const loginOf = (entry: Record<string, unknown>): { username: string; password: string } => {
  const auth = textOf(entry['auth'])
  if (auth === '')
    return { username: textOf(entry['username']), password: textOf(entry['password']) }
  const isBase64 = /^[A-Za-z0-9+/]*={0,2}$/.test(auth) && auth.length % 4 === 0
  const pair = isBase64 ? Buffer.from(auth, 'base64').toString('utf8') : ''
  const colon = pair.indexOf(':')
  if (colon < 0) return { username: '', password: '' }
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1) }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const parseObject = (json: string): Record<string, unknown> | null => {
  try {
    return asObject(JSON.parse(json))
  } catch {
    return null
  }
}

const asObject = (value: unknown): Record<string, unknown> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null
