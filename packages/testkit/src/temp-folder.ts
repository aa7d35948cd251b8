import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new folder of the test's own, and how to remove it. `inMemory`: where the system keeps one in memory, it is there;
 *  for small files that are written very often. */
export const tempFolder = async (
  name = 'test',
  { inMemory = false }: { readonly inMemory?: boolean } = {},
): Promise<{ readonly path: string; remove(): Promise<void> }> => {
  const path = await mkdtemp(join((inMemory && memoryFolder()) || tmpdir(), `waggle-${name}-`))
  return {
    path,
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }),
  }
}

const memoryFolder = (): string | null => {
  const path = '/dev/shm'
  try {
    accessSync(path, constants.W_OK)
    return path
  } catch {
    return null
  }
}
