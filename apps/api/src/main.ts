import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Before anything else is loaded: without the cache every start strips and compiles all sources again, which costs an
// idle process 20 MB and a second. NODE_COMPILE_CACHE, where it is set, names another folder.
enableCompileCache(join(import.meta.dirname, '../../../node_modules/.cache/node-compile'))

const { serveApi } = await import('./serve-api.ts')
process.exit(
  await serveApi({
    out: (text) => process.stdout.write(`${text}\n`),
    error: (text) => process.stderr.write(`${text}\n`),
  }),
)
