import { type LookupAddress, lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { denied, isRefusedAddress } from '@waggle/domain'

/** Looks a host up and hands on only addresses that may be reached; one that may not refuses them all. The connection
 *  is made to the very addresses that were checked, so a name that changes its answer gains nothing (threats.md T-54). */
export const checkedLookup =
  (allowPrivate: boolean): LookupFunction =>
  (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      if (error) return done(error, [])
      const refused = found.find(({ address }) => isRefusedAddress(address, allowPrivate))
      const [first] = found
      if (refused || !first) return done(refusal(), [])
      if (options.all) done(null, found as LookupAddress[])
      else done(null, first.address, first.family)
    })
  }

/** The same for a host that is an address already: nobody looks those up. Throws `denied`. */
export const checkLiteral = (url: URL, allowPrivate: boolean): void => {
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
  if (isIP(host) !== 0 && isRefusedAddress(host, allowPrivate)) throw refusal()
}

const refusal = () =>
  denied('outgoing_address', 'the host is at an address that the server may not connect to')
