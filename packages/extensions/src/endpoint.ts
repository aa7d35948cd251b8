import { invalid } from '@waggle/domain'

/** Where a service of the operator is, and how it is asked. */
export interface Endpoint {
  readonly url: string
  readonly secret: string
  /** Whether any TLS certificate is taken. */
  readonly skipVerify: boolean
  readonly timeoutMs: number
}

/** The address. Throws `invalid` for what is no http or https address; `name` says which setting it is. */
export const endpointUrl = (text: string, name: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : null
  if (
    url === null ||
    (url.protocol !== 'http:' && url.protocol !== 'https:') ||
    url.hostname === ''
  )
    throw invalid('bad_endpoint', `${name}: the address has to begin with http:// or https://`)
  url.hash = ''
  return url
}

/** The address as it may be shown: without user, password and query. */
export const shownUrl = (url: URL): string => `${url.origin}${url.pathname}`
