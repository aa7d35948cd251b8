import { SettingsError } from '@waggle/config'
import { isWaggleError } from '@waggle/domain'
import { CommanderError } from 'commander'
import { exitCodeOf, exitCodes } from './exit-code.ts'
import { printError } from './print.ts'
import { createProgram } from './program.ts'

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
