import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { unavailable } from '@waggle/domain'

/** Who a worker process is. The id outlives the process and its container: it is kept in the folder. */
export interface Identity {
  readonly workerId: string
  /** New at every start of the process. */
  readonly bootId: string
  /** Folder that only this process uses until `release`. */
  readonly folder: string
  /** Gives the folder back; the end of the process, however it comes, does the same. */
  release(): void
}

/** Most processes that may share one data folder. */
const folderLimit = 10_000

/** Takes the first free subfolder 1, 2, 3 … of the data folder (design §3).
 *
 *  The lock is the one that SQLite takes on a file: it is the operating system's, so it dies with the process, and it
 *  holds between containers that share a volume, whose process ids say nothing to each other.
 *  Throws `unavailable` where the folder cannot be written. */
export const takeIdentity = async (dataFolder: string): Promise<Identity> => {
  for (let number = 1; number <= folderLimit; number++) {
    const folder = join(dataFolder, String(number))
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
    } catch (error) {
      throw notWritable(dataFolder, error)
    }
    const lock = tryLock(join(folder, 'lock'), dataFolder)
    if (lock === null) continue
    try {
      return {
        workerId: await readWorkerId(join(folder, 'worker-id')),
        bootId: randomUUID(),
        folder,
        release: () => lock.close(),
      }
    } catch (error) {
      lock.close()
      throw notWritable(dataFolder, error)
    }
  }
  throw unavailable(
    'worker_folders_taken',
    `all ${folderLimit} folders of ${dataFolder} are in use`,
  )
}

const sqliteBusy = 5

const tryLock = (file: string, dataFolder: string): DatabaseSync | null => {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { timeout: 0 })
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    if (database?.isOpen) database.close()
    if (((error as { errcode?: number }).errcode ?? 0) % 256 === sqliteBusy) return null
    throw notWritable(dataFolder, error)
  }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const readWorkerId = async (file: string): Promise<string> => {
  const known = await readFile(file, 'utf8').catch(() => '')
  if (uuid.test(known.trim())) return known.trim()
  const workerId = randomUUID()
  // Whole or not at all: a half-written id would make a new worker of this one at the next start.
  await writeFile(`${file}.new`, `${workerId}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return workerId
}

const notWritable = (folder: string, cause: unknown) =>
  unavailable(
    'worker_folder_unusable',
    `cannot use the worker's data folder ${folder} (WAGGLE_WORKER_DATA_FOLDER): ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  )
