import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Before anything else is loaded: without the cache every start strips and compiles all sources again, which costs
// an idle worker 40 MB and a second. NODE_COMPILE_CACHE, where it is set, names another folder.
enableCompileCache(join(import.meta.dirname, '../../../node_modules/.cache/node-compile'))

const { SettingsError } = await import('@waggle/config')
const { workerMain } = await import('./worker-main.ts')

try {
  process.exit(await workerMain((code) => process.exit(code)))
} catch (error) {
  if (!(error instanceof SettingsError)) throw error
  process.stderr.write(`waggle worker: ${error.message}\n`)
  process.exit(2)
}
