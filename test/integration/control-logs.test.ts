import { randomUUID } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { archiveSegment, finishStage, registerWorker, reopenLog, sealLog } from '@waggle/control'
import { type Lease, LineBlockWriter, type LogKey, readLineBlock } from '@waggle/domain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, leaseOf, passed, runningLease } from './lease-of.ts'
import { openControl, pipeline, type TestControl } from './open-control.ts'

let control: TestControl

beforeAll(async () => {
  control = await openControl()
})
afterAll(() => control.close())

const log = { step: 1, try: 1 }
const textOf = (number: number) => Buffer.from(`line ${number}\n`)

const block = (first: number, count: number) => {
  const writer = new LineBlockWriter()
  for (let number = first; number < first + count; number++) writer.add(number, 1, textOf(number))
  return writer.take()
}

const sealOf = (lines: number, gap = '') => {
  const all = Buffer.concat(Array.from({ length: lines }, (_, number) => textOf(number)))
  return { lines, bytes: all.length, crc32: crc32(all), gap }
}

const open = async (): Promise<{ lease: Lease; key: LogKey }> => {
  const { stage } = built(await control.submit(await control.repo(), pipeline('a')))
  const lease = await runningLease(control, await control.worker(), stage.id)
  return { lease, key: { stageId: stage.id, attempt: 1, ...log } }
}

const archived = async (key: LogKey): Promise<string> => {
  const parts: Buffer[] = []
  for await (const segment of control.database.logs.read(key, 0))
    for (const line of readLineBlock(segment)) parts.push(line.bytes)
  return Buffer.concat(parts).toString('utf8')
}

const linesText = (count: number) =>
  Array.from({ length: count }, (_, number) => textOf(number).toString()).join('')

describe('the log of a step', () => {
  it('takes segments in order, once, trims the live window, and is sealed', async () => {
    const { deps } = control
    const { lease, key } = await open()
    expect(await deps.liveLog.append(key, block(0, 10))).toBe(true)
    expect(await deps.liveLog.append(key, block(10, 10))).toBe(true)
    expect(await archiveSegment(deps, lease, log, block(0, 10))).toEqual({ kind: 'ok', next: 10 })
    expect(await archiveSegment(deps, lease, log, block(0, 10))).toEqual({ kind: 'ok', next: 10 })
    expect(await archiveSegment(deps, lease, log, block(15, 5))).toEqual({ kind: 'ok', next: 10 })
    expect((await deps.liveLog.snapshot(key)).map((part) => part.first)).toEqual([10])
    const incomplete = sealLog(deps, lease, { ...log, seal: sealOf(20) })
    await expect(incomplete).rejects.toMatchObject({ code: 'log_incomplete' })
    await archiveSegment(deps, lease, log, block(10, 10))
    expect(await sealLog(deps, lease, { ...log, seal: sealOf(20) })).toEqual({ kind: 'ok' })
    expect(await sealLog(deps, lease, { ...log, seal: sealOf(20) })).toEqual({ kind: 'ok' })
    expect(await archived(key)).toBe(linesText(20))
    expect(await control.database.logs.findSeal(key)).toEqual(sealOf(20))
  })

  it('is sealed by the call that tells the end of its step, in the same transaction', async () => {
    const { deps } = control
    const { lease, key } = await open()
    await archiveSegment(deps, lease, log, block(0, 3))
    const seals = [{ ...log, seal: sealOf(4) }]
    await expect(finishStage(deps, lease, { ...passed, seals })).rejects.toMatchObject({
      code: 'log_incomplete',
    })
    // Nothing of the refused call was written: the attempt goes on.
    expect(await archiveSegment(deps, lease, log, block(3, 1))).toEqual({ kind: 'ok', next: 4 })
    expect(await finishStage(deps, lease, { ...passed, seals })).toEqual({ kind: 'ok' })
    expect(await control.database.logs.findSeal(key)).toMatchObject({ lines: 4 })
    expect(await deps.liveLog.append(key, block(4, 1))).toBe(false)
  })

  it('refuses what is no block, a step without a grant, and a lease that is over', async () => {
    const { deps } = control
    const { lease, key } = await open()
    const broken = { ...block(0, 2), count: 3 }
    await expect(archiveSegment(deps, lease, log, broken)).rejects.toMatchObject({
      kind: 'invalid',
    })
    const lying = { ...block(0, 2), bytes: 1 }
    await expect(archiveSegment(deps, lease, log, lying)).rejects.toMatchObject({ kind: 'invalid' })
    for (const name of [
      { step: 2, try: 1 },
      { step: 1, try: 2 },
      { step: 9, try: 1 },
    ])
      await expect(archiveSegment(deps, lease, name, block(0, 1))).rejects.toMatchObject({
        kind: 'invalid',
      })
    await finishStage(deps, lease, passed)
    const lost = { kind: 'refused', code: 'lease_lost' }
    expect(await archiveSegment(deps, lease, log, block(0, 1))).toEqual(lost)
    expect(await reopenLog(deps, lease, log)).toEqual(lost)
    expect(await archived(key)).toBe('')
  })

  it('is opened again after Redis lost it, from the first line that is not archived', async () => {
    const { deps } = control
    const { lease, key } = await open()
    await archiveSegment(deps, lease, log, block(0, 5))
    await control.redis.command('FLUSHALL')
    expect(await deps.liveLog.append(key, block(5, 5))).toBe(false)
    expect(await reopenLog(deps, lease, log)).toEqual({ kind: 'ok', next: 5 })
    expect(await deps.liveLog.append(key, block(5, 5))).toBe(true)
  })

  it('keeps what the stream holds when its worker is lost, and says that the end is open', async () => {
    const { deps, database } = control
    const { stage } = built(await control.submit(await control.repo(), pipeline('a')))
    const worker = await control.worker()
    const lease = await runningLease(control, worker, stage.id)
    const key = { stageId: stage.id, attempt: 1, ...log }
    await deps.liveLog.append(key, block(0, 10))
    await deps.liveLog.append(key, block(10, 90))
    await archiveSegment(deps, lease, log, block(0, 20))
    const { id: workerId, name, version, slots } = worker
    await registerWorker(deps, {
      workerId,
      name,
      version,
      slots,
      bootId: randomUUID(),
      profile: worker,
    })
    expect((await database.stages.find(stage.id))?.status).toBe('error')
    expect(await archived(key)).toBe(linesText(100))
    expect(await database.logs.findSeal(key)).toEqual(sealOf(100, 'worker lost; the end is open'))
    expect(await deps.liveLog.append(key, block(100, 1))).toBe(false)
  })

  it('needs no stream for an attempt that granted nothing', async () => {
    const { stage } = built(await control.submit(await control.repo(), pipeline('a')))
    const lease = await leaseOf(control, await control.worker(), stage.id)
    await expect(reopenLog(control.deps, lease, log)).rejects.toMatchObject({ kind: 'invalid' })
  })
})
