import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { checkoutRoot } from './checkout.ts'

// Loads every process's modules once and stores what Node stripped and compiled of them where NODE_COMPILE_CACHE says.
// For images, whose processes may have no other chance to: one that finds nothing stored strips all sources at each
// start, for a second of processor time and 20 MB that it keeps.
// What begins in a thread is imported by nobody.
const threads = [
  'apps/worker/src/heartbeat-thread-main.ts',
  'packages/pipeline/src/thread/manifest-thread-main.ts',
]
await Promise.all([
  import('./program.ts'),
  import('./up/up.ts'),
  import('@waggle/api'),
  import('@waggle/worker'),
  import('@waggle/engine-docker'),
  import('@waggle/engine-exec'),
  ...threads.map((path) => import(join(checkoutRoot(path), path))),
])
flushCompileCache()
