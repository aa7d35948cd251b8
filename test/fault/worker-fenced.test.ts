import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftoversOf } from '../harness/engine-leftovers.ts'
import { pipelineText } from '../harness/pipeline-text.ts'
import { readLedger, type System, startSystem } from '../harness/start-system.ts'

/** Notes its start, then at its first run a tick ten times a second, for ever; at a later run its end, at once. */
const ticking = (file: string): readonly string[] => [
  'nonce=$(cat /proc/sys/kernel/random/uuid)',
  `echo "S $nonce" >> /ledger/${file}`,
  `if [ -e /ledger/${file}-again ]; then echo "E $nonce" >> /ledger/${file}; exit 0; fi`,
  `touch /ledger/${file}-again`,
  `while true; do echo "T $nonce" >> /ledger/${file}; sleep 0.1; done`,
]

describe('a stage that may run again when its worker is lost', () => {
  let system: System
  beforeAll(async () => {
    // The worker has a fifth of 15 seconds to end what it ran, between T_selffence and T_lost.
    system = await startSystem({ database: 'sqlite', workers: 2, timeScale: 0.2 })
  })
  afterAll(() => system?.stop())

  const submit = async (file: string) => {
    const waggle = { retry: { count: 1, on: 'worker_lost' } }
    const text = pipelineText([{ name: 'one', commands: ticking(file) }], { waggle })
    const { number } = await system.client.submit(text)
    await waitUntil('the step to tick', () =>
      readLedger(system, file).some((line) => line.startsWith('T ')),
    )
    const build = await system.client.build(number)
    const worker = system.workers.find((one) => one.name === build.stages?.[0]?.machine)
    if (worker === undefined) throw new Error('no worker holds the stage')
    return { number, worker }
  }

  /** The build passed by its second attempt, and the first did nothing any more when that began. */
  const expectRerun = async (file: string, number: number) => {
    const build = await system.client.ended(number, 120_000)
    expect(build.status).toBe('success')
    const lines = readLedger(system, file)
    const starts = lines.filter((line) => line.startsWith('S '))
    expect(starts).toHaveLength(2)
    const [first = '', second = ''] = starts.map((line) => line.slice(2))
    const begin = lines.indexOf(`S ${second}`)
    expect(lines.slice(begin)).toEqual([`S ${second}`, `E ${second}`])
    expect(lines.slice(0, begin).every((line) => line.endsWith(first))).toBe(true)
    await waitUntil(
      'both attempts to be cleaned up',
      async () => (await leftoversOf(system, build.stages?.[0]?.id)) === 0,
      60_000,
    )
    return build
  }

  it('is ended by the guard of a worker that stands still', async () => {
    const { number, worker } = await submit('stopped')
    worker.signal('SIGSTOP')
    try {
      const build = await expectRerun('stopped', number)
      expect(build.stages?.[0]?.machine).not.toBe(worker.name)
    } finally {
      worker.signal('SIGCONT')
    }
  })

  it('is ended by the guard of a worker that was killed', async () => {
    const { number, worker } = await submit('killed')
    await worker.kill()
    await expectRerun('killed', number)
    await worker.start()
  })

  it('is ended by the guard where the worker was killed and came back', async () => {
    const { number, worker } = await submit('restarted')
    await worker.kill()
    await worker.start()
    await expectRerun('restarted', number)
  })

  it('is ended by its worker where the API is away', async () => {
    const { number, worker } = await submit('away')
    const [api] = system.apis
    await api?.kill()
    await waitUntil('the worker to end the stage', () => worker.log().includes('cut off'), 60_000)
    await waitUntil('the ticks to stop', async () => {
      const before = readLedger(system, 'away').length
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      return readLedger(system, 'away').length === before
    })
    await api?.start()
    await expectRerun('away', number)
  })
})
