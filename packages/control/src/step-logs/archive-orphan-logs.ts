import { crc32 } from 'node:zlib'
import {
  type AttemptRef,
  LineBlockWriter,
  type LiveLog,
  type LogKey,
  type LogSegment,
  readLineBlock,
  type Step,
} from '@waggle/domain'
import type { TellDeps } from '../control-deps.ts'

type OrphanDeps = Pick<TellDeps, 'database' | 'liveLog' | 'log'>

const segmentBytes = 1024 * 1024
const openEnd = { lost: 'worker lost', unsealed: 'its worker did not seal it' }

/** Archives what the live streams of an attempt hold whose worker will not do it any more, and seals its open logs with
 *  the remark that their end is open (design §9): those of the steps' tries, or the ones that are named. May be
 *  repeated. Throws `unavailable` where Redis is away. */
export const archiveOrphanLogs = async (
  { log, ...rest }: OrphanDeps,
  ref: AttemptRef,
  known?: readonly Pick<LogKey, 'step' | 'try'>[],
): Promise<void> => {
  const { database } = rest
  const steps = await database.steps.listByStage(ref.stageId)
  const attempt = await database.attempts.find(ref.stageId, ref.attempt)
  const place = { 'stage.id': ref.stageId, ...(attempt ? { 'build.id': attempt.buildId } : {}) }
  const deps = { ...rest, log: log.child(place) }
  const gap = `${attempt?.end === 'lost' ? openEnd.lost : openEnd.unsealed}; the end is open`
  const byNumber = new Map(steps.map((step) => [step.number, step]))
  for (const name of known ?? steps.flatMap(triesOf)) {
    const step = byNumber.get(name.step)
    if (step) await archiveOne(deps, step, { ...ref, ...name }, gap)
  }
}

const triesOf = ({ number, grantedTry }: Step): readonly Pick<LogKey, 'step' | 'try'>[] =>
  Array.from({ length: grantedTry }, (_, i) => ({ step: number, try: i + 1 }))

const archiveOne = async (
  deps: OrphanDeps,
  step: Step,
  key: LogKey,
  gap: string,
): Promise<void> => {
  const { logs } = deps.database
  if ((await logs.findSeal(key)) === null) {
    let next = await logs.next(key)
    for (const segment of await liveSegments(deps, key, next))
      next = await logs.append(key, step.id, segment)
    await logs.seal(key, step.id, { ...(await sumUp(deps, key)), gap })
  }
  await deps.liveLog.close(key)
}

/** The lines of the stream from `from` on, as large segments; up to where the stream has a hole or is no block. */
const liveSegments = async (
  { liveLog, log }: { liveLog: LiveLog } & Pick<OrphanDeps, 'log'>,
  key: LogKey,
  from: number,
): Promise<readonly LogSegment[]> => {
  const segments: LogSegment[] = []
  const writer = new LineBlockWriter(segmentBytes)
  let next = from
  try {
    for (const block of await liveLog.snapshot(key)) {
      if (block.first > next) break
      for (const line of readLineBlock(block)) {
        if (line.number < next) continue
        writer.add(line.number, line.time, line.bytes)
        next = line.number + 1
        if (writer.sizeBytes >= segmentBytes) segments.push(writer.take())
      }
    }
  } catch (error) {
    // What comes out of Redis is untrusted: keep what was readable.
    if (!(error instanceof RangeError)) throw error
    log.warn('a live log holds something that is no line block')
  }
  if (writer.count > 0) segments.push(writer.take())
  return segments
}

const sumUp = async (deps: OrphanDeps, key: LogKey) => {
  let lines = 0
  let bytes = 0
  let checksum = 0
  for await (const segment of deps.database.logs.read(key, 0)) {
    for (const line of readLineBlock(segment)) checksum = crc32(line.bytes, checksum)
    lines += segment.count
    bytes += segment.bytes
  }
  return { lines, bytes, crc32: checksum }
}
