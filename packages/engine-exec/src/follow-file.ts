import { Buffer } from 'node:buffer'
import { open } from 'node:fs/promises'
import type { Clock, StepOutputSink } from '@waggle/domain'

const chunkBytes = 64 * 1024
/** A quiet file is looked at less and less often. */
const pollMs = { first: 5, most: 80 }

/** Hands on what is written to a file until `ended` fires, and then up to the size it has by then: what a left
 *  process of the step goes on writing is not waited for. Reads no further than the sink takes. */
export const followFile = async (
  path: string,
  output: StepOutputSink,
  ended: AbortSignal,
  clock: Clock,
): Promise<void> => {
  const file = await open(path, 'r')
  try {
    let at = 0
    let end = Number.POSITIVE_INFINITY
    let waitMs = pollMs.first
    while (at < end) {
      if (ended.aborted && end === Number.POSITIVE_INFINITY) end = (await file.stat()).size
      const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, end - at))
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
      if (bytesRead > 0) {
        at += bytesRead
        waitMs = pollMs.first
        await output.write(buffer.subarray(0, bytesRead), clock.now())
      } else if (end !== Number.POSITIVE_INFINITY) {
        // The step cut its own file short.
        return
      } else {
        await clock.sleep(waitMs, ended).catch(() => undefined)
        waitMs = Math.min(waitMs * 2, pollMs.most)
      }
    }
  } finally {
    await file.close()
  }
}
