import { systemClock } from '@waggle/domain'
import { type GuardOptions, openGuardEngine, runGuard } from './run-guard.ts'

// Whoever ends a worker and all that it started gets no half-guarded stage: the guard ends when its work is done.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)

const options = JSON.parse(process.argv[2] ?? '') as GuardOptions
const engine = await openGuardEngine(options.engine)
// The worker waits for this before it lets anything run; by the time of the next word it may be gone.
process.stdout.on('error', () => undefined)
process.stdout.write('ready\n')
await runGuard(options, engine, systemClock)
process.exit(0)
