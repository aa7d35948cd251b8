import { type FileHandle, open } from 'node:fs/promises'

/** Brings commits to the disk in libuv's pool of threads: SQLite's own `synchronous=FULL` blocks the whole process for
 *  as long as the disk takes. The system writes out a file, whoever has it open; its content counts, so `fdatasync`. */
export class WalSync {
  readonly #path: string
  #file: Promise<FileHandle> | null = null

  /** `path`: of the database. */
  constructor(path: string) {
    this.#path = `${path}-wal`
  }

  /** All that was written before the call is on the disk afterwards. */
  async sync(): Promise<void> {
    // Opened at the first commit, for only that makes the file; from then on it stays the same file, because SQLite
    // removes it only with its last connection, and lets nobody else do so while one is open.
    this.#file ??= open(this.#path, 'r+')
    await (await this.#file).datasync()
  }

  async close(): Promise<void> {
    const file = await this.#file?.catch(() => null)
    await file?.close()
  }
}
