import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** Notes this process and the ids of those that it started, so that the next `up` waits for this one, or ends them where
 *  this one was killed. */
export const keepProcessIds = (path: string, ids: readonly number[]): Promise<void> =>
  writeFile(path, JSON.stringify({ owner: marked(process.pid), parts: ids.map(marked) }), {
    mode: 0o600,
  })

export const forgetProcessIds = (path: string): Promise<void> => rm(path, { force: true })

/** The id of another `up` that runs on the same data; `null` where there is none. */
export const runningOwner = (path: string): number | null => {
  const { owner } = read(path)
  return owner !== null && owner.id !== process.pid && isAlive(owner) ? owner.id : null
}

/** Ends what a killed `up` left. A process counts only when it started at the noted tick: ids are used again. */
export const endLeftovers = async (path: string): Promise<number> => {
  const noted = read(path).parts.filter(isAlive)
  for (const { id } of noted) signal(id, 'SIGTERM')
  for (let tries = 0; tries < 100; tries++) {
    if (!noted.some(isAlive)) break
    if (tries === 60) for (const { id } of noted) signal(id, 'SIGKILL')
    await delay(100)
  }
  return noted.length
}

interface Marked {
  readonly id: number
  /** Tells one process from a later one of the same id. */
  readonly started: string
}

const marked = (id: number): Marked => ({ id, started: startOf(id) })

const isAlive = ({ id, started }: Marked): boolean => started !== '' && startOf(id) === started

const read = (
  path: string,
): { readonly owner: Marked | null; readonly parts: readonly Marked[] } => {
  try {
    const noted = JSON.parse(readFileSync(path, 'utf8')) as { owner?: unknown; parts?: unknown }
    const parts: readonly unknown[] = Array.isArray(noted.parts) ? noted.parts : []
    return {
      owner: readMarked(noted.owner),
      parts: parts.map(readMarked).filter((one) => one !== null),
    }
  } catch {
    return { owner: null, parts: [] }
  }
}

const readMarked = (entry: unknown): Marked | null => {
  const { id, started } = (entry ?? {}) as { id?: unknown; started?: unknown }
  return typeof id === 'number' && id > 1 && typeof started === 'string' ? { id, started } : null
}

/** Start time of a process in clock ticks since boot; empty when there is none that lives. */
const startOf = (id: number): string => {
  try {
    const stat = readFileSync(`/proc/${id}/stat`, 'utf8')
    // The program's name, in brackets, may hold blanks: the fields are counted after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // Ended, and its parent has not asked yet: there is nothing left to end.
    return fields[0] === 'Z' ? '' : (fields[19] ?? '')
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
