import type { Buffer } from 'node:buffer'
import type { LineBlock, LogSeal } from '@waggle/domain'

/** A block with the sum of its lines' own bytes, as a segment of the archive needs it. */
export interface StepBlock extends LineBlock {
  readonly bytes: number
}

/** Where the lines of one try of one step go: the live stream and the archive, or a terminal.
 *
 *  Calls come one after the other, the next only after the last one resolved; blocks are consecutive from line 0.
 *  A pending `append` is back-pressure, down to the step's process: nothing is dropped. A sink that wants several
 *  blocks on their way resolves early, keeps what is not acknowledged (at most 8 MiB) for sending again, and bounds
 *  itself. It retries by itself: what it throws ends the stage's run on this worker. */
export interface LineSink {
  append(block: StepBlock): Promise<void>
  /** Masked bytes of the unfinished last line, neither numbered nor kept. May be dropped. */
  preview(bytes: Buffer): Promise<void>
  /** The last call: all lines were appended. Resolves when log and seal are safe. */
  seal(seal: LogSeal): Promise<void>
}
