import { serveApi } from './serve-api.ts'

const code = await serveApi({
  out: (text) => process.stdout.write(`${text}\n`),
  error: (text) => process.stderr.write(`${text}\n`),
})
process.exit(code)
