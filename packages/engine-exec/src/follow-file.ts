import { Buffer } from 'node:buffer'
import { open } from 'node:fs/promises'
import type { Clock, StepOutputSink } from '@waggle/domain'

const chunkBytes = 64 * 1024
/** A quiet file is looked at less and less often. */
const pollMs = { first: 4, most: 80 }

/** Hands on what is written to a file until `marker` is in it, or `ended` fired: then up to the size it has by then.
 *  Neither waits for what a left process of the step goes on writing. Reads no further than the sink takes. */
export const followFile = async (
  path: string,
  marker: Buffer,
  output: StepOutputSink,
  ended: AbortSignal,
  clock: Clock,
): Promise<void> => {
  const file = await open(path, 'r')
  let held: Buffer = Buffer.alloc(0)
  /** Gives whether that was the end. */
  const handOn = async (bytes: Buffer): Promise<boolean> => {
    const text = held.length === 0 ? bytes : Buffer.concat([held, bytes])
    const end = text.indexOf(marker)
    const cut = end === -1 ? text.length - beginningAtEnd(text, marker) : end
    held = end === -1 ? Buffer.from(text.subarray(cut)) : Buffer.alloc(0)
    if (cut > 0) await output.write(text.subarray(0, cut), clock.now())
    return end !== -1
  }
  try {
    let at = 0
    let waitMs = pollMs.first
    let end = Number.POSITIVE_INFINITY
    while (at < end) {
      if (ended.aborted && end === Number.POSITIVE_INFINITY) end = (await file.stat()).size
      const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, end - at))
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
      if (bytesRead > 0) {
        at += bytesRead
        waitMs = pollMs.first
        if (await handOn(buffer.subarray(0, bytesRead))) return
      } else if (end !== Number.POSITIVE_INFINITY) {
        // Somebody cut the file short.
        break
      } else {
        await clock.sleep(waitMs, ended).catch(() => undefined)
        waitMs = Math.min(waitMs * 2, pollMs.most)
      }
    }
    if (held.length > 0) await output.write(held, clock.now())
  } finally {
    await file.close()
  }
}

/** Length of the longest end of `text` that is a beginning of `marker`. */
const beginningAtEnd = (text: Buffer, marker: Buffer): number => {
  const from = Math.max(0, text.length - marker.length + 1)
  for (let at = from; at < text.length; at++)
    if (text.compare(marker, 0, text.length - at, at) === 0) return text.length - at
  return 0
}
