import { readSettings, sharedSettings, workerSettings } from '@waggle/config'
import { type Engine, silentLogger } from '@waggle/domain'
import { compileDocker } from '@waggle/engine-docker'
import { defaultCompileSettings } from '@waggle/pipeline'
import { createNoopEngine } from '@waggle/testkit'
import { runWorker } from '@waggle/worker'

/** A worker whose engine costs nothing: steps end at once, or print lines from memory. What is measured with it is
 *  everything around the engine. */
const feedLines = Number(process.env['BENCH_FEED_LINES'] ?? 0)

const feedEngine = (): Engine => ({
  ...createNoopEngine('docker'),
  run: async (_spec, _step, options) => {
    options.onStarted?.()
    const line = `${'x'.repeat(99)}\n`
    const perChunk = 320
    const chunk = Buffer.from(line.repeat(perChunk))
    for (let sent = 0; sent < feedLines; sent += perChunk)
      await options.output.write(
        chunk.subarray(0, Math.min(perChunk, feedLines - sent) * line.length),
        Date.now(),
      )
    return { code: 0, isOutOfMemory: false, note: '' }
  },
})

const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const engine = feedLines > 0 ? feedEngine() : createNoopEngine('docker')
await runWorker(
  {
    settings: readSettings(workerSettings),
    shared: readSettings(sharedSettings),
    log: silentLogger,
    engine: () => ({
      engine,
      remedy: '',
      compile: (given) => compileDocker(given, defaultCompileSettings),
    }),
  },
  stop.signal,
)
