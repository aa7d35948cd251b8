import { isIPv4 } from 'node:net'
import { z } from 'zod'

/** What steps may not connect to: IPv4 networks, `10.0.0.0/8`, and `host`, the worker's machine. Comma separated. Stages'
 *  networks have no IPv6. */
export const deniedNetworks = (): z.ZodType<readonly string[]> =>
  z
    .string()
    .optional()
    .transform((text, context) => {
      const entries = (text ?? '').split(',').map((entry) => entry.trim())
      const words = entries.filter((entry) => entry !== '')
      for (const word of words) {
        if (word === 'host' || isNetwork(word)) continue
        const message = `"${word}" is neither an IPv4 network such as 10.0.0.0/8 nor host`
        context.addIssue({ code: 'custom', message })
      }
      return [...new Set(words)]
    })

const isNetwork = (text: string): boolean => {
  const [address = '', length = '32', ...more] = text.split('/')
  return isIPv4(address) && /^\d{1,2}$/.test(length) && Number(length) <= 32 && more.length === 0
}
