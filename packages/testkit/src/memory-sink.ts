import { Buffer } from 'node:buffer'
import { type Line, type LogSeal, readLineBlock } from '@waggle/domain'
import type { LineSink, StepBlock } from '@waggle/runtime'

/** Keeps a step's lines in memory. */
export class MemorySink implements LineSink {
  readonly blocks: StepBlock[] = []
  readonly previews: string[] = []
  sealed: LogSeal | null = null
  failure: Error | null = null
  /** Awaited by every append. */
  before: (() => Promise<void>) | null = null

  async append(block: StepBlock): Promise<void> {
    await this.before?.()
    if (this.failure) throw this.failure
    this.blocks.push(block)
  }

  async preview(bytes: Buffer): Promise<void> {
    this.previews.push(bytes.toString())
  }

  async seal(seal: LogSeal): Promise<void> {
    this.sealed = seal
  }

  get lines(): readonly Line[] {
    return this.blocks.flatMap((block) => [...readLineBlock(block)])
  }

  get bytes(): Buffer {
    return Buffer.concat(this.lines.map((line) => line.bytes))
  }

  get text(): string {
    return this.bytes.toString()
  }
}
