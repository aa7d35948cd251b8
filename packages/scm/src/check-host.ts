import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { denied, unavailable } from '@waggle/domain'

/** Addresses where no git server is, only what must not be reached through this one: "this host", link-local with the
 *  clouds' metadata service, multicast. */
const never = new BlockList()
never.addSubnet('0.0.0.0', 8, 'ipv4')
never.addSubnet('169.254.0.0', 16, 'ipv4')
never.addSubnet('224.0.0.0', 3, 'ipv4')
never.addAddress('100.100.100.200', 'ipv4')
never.addAddress('::', 'ipv6')
never.addSubnet('fe80::', 10, 'ipv6')
never.addSubnet('ff00::', 8, 'ipv6')
never.addSubnet('fd00:ec2::', 32, 'ipv6')

const privateOnes = new BlockList()
privateOnes.addSubnet('10.0.0.0', 8, 'ipv4')
privateOnes.addSubnet('127.0.0.0', 8, 'ipv4')
privateOnes.addSubnet('172.16.0.0', 12, 'ipv4')
privateOnes.addSubnet('192.168.0.0', 16, 'ipv4')
privateOnes.addSubnet('100.64.0.0', 10, 'ipv4')
privateOnes.addAddress('::1', 'ipv6')
privateOnes.addSubnet('fc00::', 7, 'ipv6')

/** Finds the host's address and refuses those that git must not reach (threats.md T-54): link-local and metadata
 *  always, loopback and private networks unless they are allowed. One refused answer refuses the host. The address
 *  is given back so that the caller can bind git to the very one that was checked. */
export const checkHost = async (
  host: string,
  options: { readonly allowPrivate: boolean; readonly signal: AbortSignal },
): Promise<string> => {
  const answers = isIP(host) ? [host] : await resolve(host, options.signal)
  for (const address of answers)
    if (isRefused(address, options.allowPrivate))
      throw denied('git_host', `git address: host "${host}" is at an address that is not allowed`)
  const first = answers[0]
  if (first === undefined) throw unknownHost(host)
  return first
}

/** IPv4 addresses in IPv6 clothes (`::ffff:…`, `64:ff9b::…`, `::…`) count as what they lead to. */
export const isRefused = (address: string, allowPrivate: boolean): boolean => {
  const plain = embeddedIpv4(address) ?? address
  const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4'
  return never.check(plain, family) || (!allowPrivate && privateOnes.check(plain, family))
}

const embeddedIpv4 = (address: string): string | null => {
  if (isIP(address) !== 6) return null
  // The URL parser writes any spelling of an IPv6 address in its one canonical form.
  const canonical = new URL(`http://[${address.split('%')[0]}]`).hostname.slice(1, -1)
  for (const prefix of ['::ffff:', '64:ff9b::', '::']) {
    if (!canonical.startsWith(prefix)) continue
    const groups = canonical.slice(prefix.length).split(':')
    if (groups.length !== 2 || groups.some((group) => group === '')) continue
    const [high = 0, low = 0] = groups.map((group) => Number.parseInt(group, 16))
    return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  }
  return null
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
