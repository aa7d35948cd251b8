import { flushCompileCache } from 'node:module'

// Loads every process's modules once and stores what Node stripped and compiled of them where NODE_COMPILE_CACHE says.
// For images, whose processes may have no other chance to: one that finds nothing stored strips all sources at each
// start, for a second of processor time and 20 MB that it keeps.
await Promise.all([
  import('./program.ts'),
  import('./up/up.ts'),
  import('@waggle/api'),
  import('@waggle/worker'),
  import('@waggle/engine-docker'),
  import('@waggle/engine-exec'),
])
flushCompileCache()
