import { join } from 'node:path'
import { waitUntil } from '@waggle/testkit'
import { oneStep } from '../harness/pipeline-text.ts'
import { startSystem } from '../harness/start-system.ts'
import { engineCall } from './engine-call.ts'
import { type Figure, median } from './figures.ts'

/** Lines of 100 bytes a second from a fed byte stream to a viewer: split, masked, numbered, through Redis and the API,
 *  archived and sealed. Beside it what the engine itself gives when a container's log is read back. */
export const measureLines = async (quick: boolean): Promise<readonly Figure[]> => {
  const lines = quick ? 200_000 : 1_000_000
  const system = await startSystem({
    database: 'sqlite',
    workers: 1,
    workerMain: join(import.meta.dirname, 'bench-worker.ts'),
    worker: { BENCH_FEED_LINES: String(lines) },
    logLevel: 'error',
  })
  const rates: number[] = []
  try {
    for (let round = 0; round < 3; round++) {
      // Submitted while paused, so that the viewer is there from the first line.
      const started = performance.now()
      const { number } = await system.client.submit(oneStep(['feed']))
      await waitUntil('the step', async () => {
        const build = await system.client.build(number)
        return (build.stages?.[0]?.steps?.[0]?.status ?? 'pending') !== 'pending'
      })
      const seen = await countLines(
        `${system.client.server}/api/stream/test/app/${number}/1/1`,
        system.token,
      )
      if (seen !== lines) throw new Error(`the viewer saw ${seen} of ${lines} lines`)
      await system.client.ended(number)
      rates.push(lines / ((performance.now() - started) / 1_000))
    }
  } finally {
    await system.stop()
  }
  const ceiling = await engineCeiling(quick ? 100_000 : 400_000)
  return [
    {
      name: 'lines of 100 B through the whole path to a viewer and the archive',
      value: median(rates),
      unit: 'lines/s',
      reach: { kind: 'min', value: 100_000 },
    },
    { name: "lines the engine's log gives back (ceiling)", value: ceiling, unit: 'lines/s' },
  ]
}

/** Counts data frames of a live log until its end, resuming as a viewer does when it was dropped for being slow. */
const countLines = async (url: string, token: string): Promise<number> => {
  let count = 0
  for (let tries = 0; tries < 50; tries++) {
    const answer = await fetch(url, {
      headers: {
        authorization: `Bearer ${token}`,
        ...(count > 0 ? { 'last-event-id': String(count - 1) } : {}),
      },
    })
    let tail = ''
    for await (const chunk of answer.body ?? []) {
      const text = tail + Buffer.from(chunk as Uint8Array).toString('latin1')
      const end = text.lastIndexOf('\n\n')
      const whole = end < 0 ? '' : text.slice(0, end + 2)
      tail = end < 0 ? text : text.slice(end + 2)
      for (let at = whole.indexOf('id: '); at >= 0; at = whole.indexOf('\nid: ', at + 1)) count++
      if (whole.includes('data: eof')) return count
    }
  }
  return count
}

const engineCeiling = async (lines: number): Promise<number> => {
  const { Id: id } = await engineCall('POST', '/containers/create', {
    Image: 'waggle/busybox:1',
    Entrypoint: ['/bin/sh', '-c', `yes ${'x'.repeat(99)} | head -n ${lines}`],
    HostConfig: { LogConfig: { Type: 'local', Config: { 'max-size': '160m', compress: 'false' } } },
  })
  try {
    await engineCall('POST', `/containers/${id}/start`)
    await engineCall('POST', `/containers/${id}/wait`)
    const started = performance.now()
    await engineCall('GET', `/containers/${id}/logs?stdout=1&stderr=1`)
    return lines / ((performance.now() - started) / 1_000)
  } finally {
    await engineCall('DELETE', `/containers/${id}?force=1`)
  }
}
