import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { invalid } from '@waggle/domain'

/** Top of the checkout that this command line runs from. Throws `invalid` where it lies elsewhere. */
export const checkoutRoot = (needed: string): string => {
  const root = resolve(import.meta.dirname, '../../..')
  if (existsSync(join(root, needed))) return root
  throw invalid(
    'no_checkout',
    `this command needs a checkout of Waggle: ${needed} is not below ${root}`,
  )
}
