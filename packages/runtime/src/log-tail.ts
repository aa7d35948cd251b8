import type { Buffer } from 'node:buffer'
import { LineBlockWriter, readLineBlock } from '@waggle/domain'
import type { StepBlock } from './line-sink.ts'

const blockBytes = 32 * 1024

/** The last lines of an output that is over its limit: whole lines, the most that `limitBytes` hold. Packed, for a
 *  line may be one byte. */
export class LogTail {
  readonly #limitBytes: number
  readonly #blocks: StepBlock[] = []
  readonly #writer = new LineBlockWriter()
  #bytes = 0
  #count = 0
  #droppedBytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get droppedBytes(): number {
    return this.#droppedBytes
  }

  add(time: number, bytes: Buffer): void {
    this.#writer.add(this.#count++, time, bytes)
    this.#bytes += bytes.length
    if (this.#writer.lineBytes >= blockBytes) this.#blocks.push(this.#writer.take())
    for (let oldest = this.#blocks[0]; oldest; oldest = this.#blocks[0]) {
      if (this.#bytes - oldest.bytes < this.#limitBytes) break
      this.#blocks.shift()
      this.#drop(oldest.bytes)
    }
  }

  /** The lines that are kept, oldest first. `droppedBytes` is final once the first one was given. */
  *lines(): Generator<{ time: number; bytes: Buffer }> {
    if (this.#writer.count > 0) this.#blocks.push(this.#writer.take())
    for (const block of this.#blocks)
      for (const line of readLineBlock(block)) {
        if (this.#bytes > this.#limitBytes) this.#drop(line.bytes.length)
        else yield line
      }
  }

  #drop(bytes: number): void {
    this.#bytes -= bytes
    this.#droppedBytes += bytes
  }
}
