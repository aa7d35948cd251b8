import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MissingPart } from './needed-parts.ts'

/** A test file that cannot run on this machine. */
interface LeftOut {
  /** From the root of the checkout. */
  readonly file: string
  readonly reason: string
}

const places = ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'test/**/*.test.ts']

/** The test files that need a part that is missing: known by what they call. */
export const leftOut = (root: string, missing: readonly MissingPart[]): readonly LeftOut[] => {
  if (missing.every(({ marks }) => marks.length === 0)) return []
  return globSync(places, { cwd: root, exclude: (name) => name.includes('node_modules') })
    .sort()
    .flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8')
      const part = missing.find(({ marks }) => marks.some((mark) => text.includes(mark)))
      return part ? [{ file, reason: part.reason }] : []
    })
}
