import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { denied, isRefusedAddress, unavailable } from '@waggle/domain'

/** Finds the host's address and refuses those that git must not reach (threats.md T-54): link-local and metadata
 *  always, loopback and private networks unless they are allowed. One refused answer refuses the host. The address
 *  is given back so that the caller can bind git to the very one that was checked. */
export const checkHost = async (
  host: string,
  options: { readonly allowPrivate: boolean; readonly signal: AbortSignal },
): Promise<string> => {
  const answers = isIP(host) ? [host] : await resolve(host, options.signal)
  for (const address of answers)
    if (isRefusedAddress(address, options.allowPrivate))
      throw denied('git_host', `git address: host "${host}" is at an address that is not allowed`)
  const first = answers[0]
  if (first === undefined) throw unknownHost(host)
  return first
}

const resolve = async (host: string, signal: AbortSignal): Promise<readonly string[]> => {
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(unknownHost(host, signal.reason))
    signal.addEventListener('abort', () => reject(unknownHost(host, signal.reason)), { once: true })
  })
  try {
    const found = await Promise.race([lookup(host, { all: true }), aborted])
    return found.map(({ address }) => address)
  } catch (cause) {
    throw unknownHost(host, cause)
  }
}

const unknownHost = (host: string, cause?: unknown) =>
  unavailable('git_unreachable', `git: host "${host}" cannot be found`, { cause })
