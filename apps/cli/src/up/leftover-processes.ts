import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** The ids of the processes that this `up` started, so that the next one can end them where this one was killed. */
export const keepProcessIds = (path: string, ids: readonly number[]): Promise<void> =>
  writeFile(path, JSON.stringify(ids.map((id) => ({ id, started: startOf(id) }))), { mode: 0o600 })

export const forgetProcessIds = (path: string): Promise<void> => rm(path, { force: true })

/** Ends what a killed `up` left. A process counts only when it started at the noted tick: ids are used again. */
export const endLeftovers = async (path: string): Promise<number> => {
  const noted = read(path).filter(({ id, started }) => started !== '' && startOf(id) === started)
  for (const { id } of noted) signal(id, 'SIGTERM')
  for (let tries = 0; tries < 100; tries++) {
    if (!noted.some(({ id, started }) => startOf(id) === started)) break
    if (tries === 60) for (const { id } of noted) signal(id, 'SIGKILL')
    await delay(100)
  }
  return noted.length
}

const read = (path: string): readonly { id: number; started: string }[] => {
  try {
    const list: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (!Array.isArray(list)) return []
    return list.flatMap((entry: unknown) => {
      const { id, started } = (entry ?? {}) as { id?: unknown; started?: unknown }
      return typeof id === 'number' && id > 1 && typeof started === 'string'
        ? [{ id, started }]
        : []
    })
  } catch {
    return []
  }
}

/** Start time of a process in clock ticks since boot; empty when there is none. */
const startOf = (id: number): string => {
  try {
    const stat = readFileSync(`/proc/${id}/stat`, 'utf8')
    // The program's name, in brackets, may hold blanks: the fields are counted after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

const signal = (id: number, name: NodeJS.Signals): void => {
  try {
    process.kill(id, name)
  } catch {
    // It ended by itself meanwhile.
  }
}
