import type { ApiBuild } from './api-shapes.ts'
import { cleanText } from './clean-line.ts'
import { printPlainError, style } from './print.ts'

/** What keeps stages of a build from running until somebody mends it. */
export const printWarnings = (build: Pick<ApiBuild, 'warnings'>): void => {
  for (const warning of build.warnings)
    printPlainError(`${style('yellow', 'warning:', process.stderr)} ${cleanText(warning)}`)
}
