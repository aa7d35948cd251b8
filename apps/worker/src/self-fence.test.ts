import { readdirSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type AttemptRef, silentLogger, systemClock, unavailable } from '@waggle/domain'
import { tempFolder, waitUntil } from '@waggle/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isExpired, monotonicMs, readFences, writeFence } from './fence-file.ts'
import { Lease } from './lease.ts'
import { runGuard } from './run-guard.ts'
import { SelfFence } from './self-fence.ts'

let temp: Awaited<ReturnType<typeof tempFolder>>
beforeEach(async () => {
  temp = await tempFolder('fence')
})
afterEach(() => temp.remove())

/** Longer than a guard takes to start on a busy machine. */
const selfFenceMs = 5_000

/** An engine that notes what it was told to remove, and fails as often as it is told. */
const makeEngine = (failures = 0) => {
  const removed: string[] = []
  let left = failures
  return {
    removed,
    remove: async (installation: string, { stageId, attempt }: AttemptRef) => {
      if (left-- > 0) throw unavailable('engine_unavailable', 'the engine is away')
      removed.push(`${installation}/${stageId}-${attempt}`)
    },
  }
}

const open = (engine: ReturnType<typeof makeEngine>) =>
  new SelfFence({
    guard: {
      folder: temp.path,
      installation: 'i1',
      selfFenceMs,
      engine: { type: 'exec', root: join(temp.path, 'exec') },
    },
    bootId: 'b1',
    engine,
    everyMs: 20,
    clock: systemClock,
    log: silentLogger,
  })

const newLease = (stageId: number) => new Lease({ stageId, attempt: 1 }, 'token')

describe('a fenced stage', () => {
  it('is lost and ended when no heartbeat that named it was answered for too long', async () => {
    const engine = makeEngine(1)
    const fence = open(engine)
    const [cut, renewed] = [newLease(1), newLease(2)]
    const renewal = setInterval(() => fence.renewed([renewed.ref], [], monotonicMs()), 50)
    await Promise.all([fence.add(cut, monotonicMs()), fence.add(renewed, monotonicMs())])
    await waitUntil('the stage to be ended', () => engine.removed.length > 0)
    expect(cut.state).toBe('lost')
    expect(engine.removed).toEqual(['i1/1-1'])
    expect(renewed.state).toBe('held')
    // The server said that it is another's: no sign of life for this one.
    clearInterval(renewal)
    fence.renewed([renewed.ref], [renewed.ref], monotonicMs() + 60_000)
    await waitUntil('the other to be ended', () => engine.removed.length > 1)
    await fence.stop()
  })

  it('is no more watched once it is over', async () => {
    const engine = makeEngine()
    const fence = open(engine)
    const lease = newLease(1)
    await fence.add(lease, monotonicMs())
    expect([...readFences(temp.path).values()]).toMatchObject([[{ stageId: 1, attempt: 1 }]])
    fence.delete(lease.ref)
    expect(readFences(temp.path).size).toBe(0)
    await systemClock.sleep(selfFenceMs)
    expect([lease.state, engine.removed]).toEqual(['held', []])
    await fence.stop()
  })

  it('is ended by the guard that was started for it, though nobody watches here', async () => {
    const stage = join(temp.path, 'exec', 'waggle-i1-7-1')
    await mkdir(stage, { recursive: true })
    const fence = open(makeEngine())
    await fence.add(new Lease({ stageId: 7, attempt: 1 }, 'token'), monotonicMs())
    await fence.stop()
    await waitUntil(
      'its folder to be removed',
      () => readdirSync(join(temp.path, 'exec')).length === 0,
    )
  })
})

describe('a guard', () => {
  const options = () => ({ folder: temp.path, installation: 'i1', selfFenceMs: 300 })

  it('ends what is expired, also of an earlier boot, until the engine has done it, and then itself', async () => {
    const engine = makeEngine(3)
    const now = monotonicMs()
    writeFence(temp.path, 'b1', [{ stageId: 1, attempt: 2, renewedAt: now - selfFenceMs }])
    writeFence(temp.path, 'b2', [{ stageId: 3, attempt: 1, renewedAt: now }])
    await runGuard(options(), engine, systemClock)
    expect(engine.removed).toEqual(['i1/1-2', 'i1/3-1'])
    expect(readFences(temp.path).size).toBe(0)
  })

  it('takes a time from before the machine started for one that is over', () => {
    const attempt = { stageId: 1, attempt: 1 }
    expect(isExpired({ ...attempt, renewedAt: monotonicMs() + 60_000 }, selfFenceMs)).toBe(true)
    expect(isExpired({ ...attempt, renewedAt: monotonicMs() }, selfFenceMs)).toBe(false)
  })

  it('passes over files that hold no attempts', async () => {
    await writeFile(join(temp.path, 'fence-a.json'), '{ no json')
    await writeFile(join(temp.path, 'fence-b.json'), '[{ "stageId": "1" }, null, 3]')
    const engine = makeEngine()
    await runGuard(options(), engine, systemClock)
    expect(engine.removed).toEqual([])
  })
})
