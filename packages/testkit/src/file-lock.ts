import { readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** Runs `work` while no other process of this machine holds the same file. A holder that died is passed over. */
export const withFileLock = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  await take(path)
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

export const isAlive = (pid: number): boolean => {
  if (!Number.isSafeInteger(pid) || pid <= 1) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const take = async (path: string, timeoutMs = 90_000): Promise<void> => {
  const deadline = performance.now() + timeoutMs
  let unreadable = 0
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' })
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const holder = await readFile(path, 'utf8').catch(() => '')
    // Made but not yet written: give its maker a second before it counts as dead.
    unreadable = holder === '' ? unreadable + 1 : 0
    const isDead = holder === '' ? unreadable > 20 : !isAlive(Number(holder))
    if (isDead) await rm(path, { force: true })
    if (performance.now() > deadline) throw new Error(`${path} is held by process ${holder}`)
    await delay(50)
  }
}
