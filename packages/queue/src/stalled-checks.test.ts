import { fileURLToPath } from 'node:url'
import { partitionName, scaledTimers, silentLogger } from '@waggle/domain'
import {
  plainPartition,
  plainProfile,
  startChild,
  startRedis,
  type TestRedis,
  waitUntil,
} from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openConsumer } from './consumer.ts'
import { openPublisher } from './publisher.ts'
import { openStalledChecks } from './stalled-checks.ts'

const attributes = plainPartition()

const child = `
import { scaledTimers, silentLogger } from '@waggle/domain'
import { openConsumer } from ${JSON.stringify(fileURLToPath(new URL('./consumer.ts', import.meta.url)))}
const [url] = process.argv.slice(-1)
await openConsumer({
  redis: { url, prefix: '{c}' }, log: silentLogger, timers: scaledTimers(0.1),
  workerId: 'child', profile: ${JSON.stringify(plainProfile())}, slots: 2,
  onOffer: (offer) => { console.log('took ' + offer.stageId); return new Promise(() => undefined) },
}).start()`

describe('the stalled checks', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  it('give the offer of a killed worker to another one', async () => {
    const redis = { url: server.url, prefix: '{c}' }
    const timers = scaledTimers(0.1)
    const publisher = await openPublisher({ redis, log: silentLogger, timers })
    const checks = openStalledChecks({ redis, log: silentLogger, timers })
    const killed = startChild(
      process.execPath,
      ['--input-type=module-typescript', '-e', child, '--', server.url],
      { cwd: fileURLToPath(new URL('..', import.meta.url)) },
    )
    const offer = {
      stageId: 5,
      attempt: 3,
      partition: partitionName(attributes),
      attributes,
      priority: 1,
    }
    await publisher.publish([offer])
    await waitUntil(`the child to take it: ${killed.output()}`, () =>
      killed.output().includes('took 5'),
    )
    killed.kill('SIGKILL')
    await killed.exited
    expect(await publisher.missing([offer])).toEqual([])

    const taken: unknown[] = []
    const consumer = openConsumer({
      redis,
      log: silentLogger,
      timers,
      workerId: 'second',
      profile: plainProfile(),
      slots: 1,
      onOffer: async (got) => {
        taken.push(got)
        return { kind: 'settled', done: Promise.resolve() }
      },
    })
    await consumer.start()
    await waitUntil('the second worker to get it', () => taken.length > 0)
    expect(taken).toEqual([{ stageId: 5, attempt: 3, partition: offer.partition }])
    await waitUntil('its end', async () => (await publisher.missing([offer])).length === 1)
    await consumer.close()
    await checks.close()
    await publisher.close()
  })
})
