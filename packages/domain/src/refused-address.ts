import { BlockList, isIP } from 'node:net'

/** Addresses where nothing is that a server should reach for somebody: "this host", link-local with the clouds'
 *  metadata service, multicast, and IPv6 clothes that may lead to any IPv4 address. */
const never = new BlockList()
never.addSubnet('0.0.0.0', 8, 'ipv4')
never.addSubnet('169.254.0.0', 16, 'ipv4')
never.addSubnet('224.0.0.0', 3, 'ipv4')
never.addAddress('100.100.100.200', 'ipv4')
never.addAddress('::', 'ipv6')
never.addSubnet('fe80::', 10, 'ipv6')
never.addSubnet('ff00::', 8, 'ipv6')
never.addSubnet('fd00:ec2::', 32, 'ipv6')
never.addSubnet('2002::', 16, 'ipv6')
never.addSubnet('2001::', 32, 'ipv6')
never.addSubnet('64:ff9b:1::', 48, 'ipv6')

const privateOnes = new BlockList()
privateOnes.addSubnet('10.0.0.0', 8, 'ipv4')
privateOnes.addSubnet('127.0.0.0', 8, 'ipv4')
privateOnes.addSubnet('172.16.0.0', 12, 'ipv4')
privateOnes.addSubnet('192.168.0.0', 16, 'ipv4')
privateOnes.addSubnet('100.64.0.0', 10, 'ipv4')
privateOnes.addAddress('::1', 'ipv6')
privateOnes.addSubnet('fc00::', 7, 'ipv6')

/** Whether a server must not connect to this IP address (threats.md T-54): link-local and metadata never, loopback and
 *  private networks only where they are allowed. IPv4 addresses in IPv6 clothes (`::ffff:…`, `64:ff9b::…`, `::…`) count
 *  as what they lead to. */
export const isRefusedAddress = (address: string, allowPrivate: boolean): boolean => {
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
