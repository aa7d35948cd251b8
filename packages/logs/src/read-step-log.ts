import { setTimeout as delay } from 'node:timers/promises'
import {
  type Line,
  type LineBlock,
  type LiveLog,
  type LogArchive,
  type LogKey,
  type LogSeal,
  readLineBlock,
  sliceLineBlock,
} from '@waggle/domain'

export interface StepLogDeps {
  readonly archive: Pick<LogArchive, 'read' | 'findSeal'>
  readonly live: Pick<LiveLog, 'tail'>
  /** Whether the step is gone, as when its attempt was taken back: then no seal will come. Asked where the stream ends
   *  without one. */
  readonly isGone?: () => Promise<boolean>
}

const lookAgainMs = 500
/** Between two looks for a seal while following: whoever sealed may have died before it closed the stream. */
const sealLookMs = 15_000

/** The lines of one try of a step from line `from` on, without gap or repeat, wherever they are: the archive, then the
 *  live stream as it grows, then the archive again for what went there meanwhile. Ends when the log is sealed and
 *  everything was given, and gives the seal; ends with `null` when the signal fires or the step is gone. While a stream is lost it waits
 *  for the worker to open it again, or for the seal. Throws what `LiveLog.tail` throws. */
export async function* readStepLog(
  deps: StepLogDeps,
  key: LogKey,
  from: number,
  signal: AbortSignal,
  onPreview?: (bytes: Buffer) => void,
): AsyncGenerator<LineBlock, LogSeal | null> {
  let next = from
  while (!signal.aborted) {
    // The seal first: what was archived before it is then surely found.
    const seal = await deps.archive.findSeal(key)
    for await (const block of readArchive(deps.archive, key, next)) {
      yield block
      next = block.first + block.count
      if (signal.aborted) return null
    }
    if (seal) return seal
    using following = untilSealed(deps.archive, key, signal)
    for await (const block of deps.live.tail(key, next, following.signal, onPreview)) {
      // Archived and trimmed between the two readings.
      if (block.first > next)
        for await (const older of readArchive(deps.archive, key, next, block.first)) {
          yield older
          next = older.first + older.count
        }
      const part = block.first < next ? sliceLineBlock(block, next) : block
      if (part.count === 0) continue
      yield part
      next = part.first + part.count
    }
    if (await deps.archive.findSeal(key)) continue
    if (await deps.isGone?.()) return null
    await delay(lookAgainMs, undefined, { signal }).catch(() => undefined)
  }
  return null
}

/** A signal that fires with the given one, and soon after the log was sealed. */
const untilSealed = (archive: StepLogDeps['archive'], key: LogKey, signal: AbortSignal) => {
  const sealed = new AbortController()
  const look = async () => {
    const seal = await archive.findSeal(key).catch(() => null)
    if (seal) sealed.abort()
  }
  const timer = setInterval(() => void look(), sealLookMs)
  timer.unref()
  return {
    signal: AbortSignal.any([signal, sealed.signal]),
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

/** The archived lines of one try of a step, from line `from` on. */
export async function* readArchivedLines(
  archive: Pick<LogArchive, 'read'>,
  key: LogKey,
  from = 0,
): AsyncGenerator<Line> {
  for await (const block of readArchive(archive, key, from)) yield* readLineBlock(block)
}

async function* readArchive(
  archive: Pick<LogArchive, 'read'>,
  key: LogKey,
  from: number,
  to = Number.POSITIVE_INFINITY,
): AsyncGenerator<LineBlock> {
  let next = from
  for await (const { first, count, data } of archive.read(key, from)) {
    if (first >= to) return
    const block = sliceLineBlock({ first, count, data }, next)
    if (block.count > 0) yield block
    next = Math.max(next, first + count)
  }
}
