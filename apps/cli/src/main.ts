import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Before anything else is loaded: it halves the time of a start. NODE_COMPILE_CACHE, where set, names another folder.
enableCompileCache(join(import.meta.dirname, '../../../node_modules/.cache/node-compile'))

const { SettingsError } = await import('@waggle/config')
const { isWaggleError } = await import('@waggle/domain')
const { CommanderError } = await import('commander')
const { exitCodeOf, exitCodes } = await import('./exit-code.ts')
const { printError } = await import('./print.ts')
const { createProgram } = await import('./program.ts')

let code: number = exitCodes.ok
const program = createProgram({
  exitNow: (now) => process.exit(now),
  finish: (end) => {
    code = end
  },
})

// A reader that went away, such as `head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.internal)
})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) code = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  else if (error instanceof SettingsError) {
    printError(error.message)
    code = exitCodes.usage
  } else {
    printError(error instanceof Error ? error.message : String(error))
    if (!isWaggleError(error) && error instanceof Error && error.stack !== undefined)
      process.stderr.write(`${error.stack}\n`)
    code = exitCodeOf(error)
  }
}
// What was written is out before the process ends: a pipe takes it piece by piece.
process.stdout.write('', () => process.exit(code))
