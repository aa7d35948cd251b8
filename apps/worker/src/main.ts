import { SettingsError } from '@waggle/config'
import { workerMain } from './worker-main.ts'

try {
  process.exit(await workerMain((code) => process.exit(code)))
} catch (error) {
  if (!(error instanceof SettingsError)) throw error
  process.stderr.write(`waggle worker: ${error.message}\n`)
  process.exit(2)
}
