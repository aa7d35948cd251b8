import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { Clock } from '@waggle/domain'
import type { StageFolder } from './stage-folder.ts'

/** A process that was started for a step; its session bears its number. */
interface Leader {
  readonly pid: number
  /** In clock ticks since the machine's start; tells it from a later process of the same number. Empty = not known. */
  readonly startTime: string
}

interface ProcessStat {
  readonly parent: number
  readonly session: number
  readonly startTime: string
}

/** Kills what the stage's steps left running, also what went into the background or a session of its own.
 *
 *  A process counts as the stage's when its HOME is, when it is an orphan that works in the stage's folder, or when it
 *  is in the session of a step. Repeated, for what is killed may just have started something. */
export const killStageProcesses = async (folder: StageFolder, clock: Clock): Promise<number> => {
  const leaders = await readLeaders(folder)
  let killed = 0
  for (let round = 0; round < 10; round++) {
    const found = findProcesses(folder, leaders)
    for (const pid of found) kill(pid, 'SIGKILL')
    killed += found.length
    if (found.length === 0) break
    await clock.sleep(10)
  }
  return killed
}

/** Sends a signal; a negative number means a group. A process that is gone is what was wanted. */
export const kill = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch {
    // Gone, or not ours.
  }
}

export const startTimeOf = (pid: number): string => readStat(pid)?.startTime ?? ''

const readLeaders = async (folder: StageFolder): Promise<readonly Leader[]> => {
  const leaders: Leader[] = []
  for (const name of await readdir(folder.runs).catch(() => [])) {
    const text = await readFile(join(folder.runs, name, 'process'), 'utf8').catch(() => '')
    const [pid = '', startTime = ''] = text.trim().split(' ')
    if (startTime !== '' && Number(pid) > 1) leaders.push({ pid: Number(pid), startTime })
  }
  return leaders
}

const findProcesses = (folder: StageFolder, leaders: readonly Leader[]): readonly number[] => {
  const sessions = new Set(leaders.filter(isUnreplaced).map(({ pid }) => pid))
  return listProcesses().filter((pid) => {
    if (pid === process.pid) return false
    const stat = readStat(pid)
    if (!stat || stat.session === 0) return false
    return (
      sessions.has(stat.session) ||
      hasHome(pid, folder.home) ||
      (stat.parent === 1 && isIn(workingFolder(pid), folder.path))
    )
  })
}

/** Its number still means its session: the process lives, or no other has got the number. */
const isUnreplaced = ({ pid, startTime }: Leader): boolean => {
  const stat = readStat(pid)
  return !stat || stat.startTime === startTime
}

const listProcesses = (): readonly number[] => {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    // A system without /proc: what is known by its group was killed before.
    return []
  }
}

/** Null when it is gone, also when only its entry is left (state Z). */
const readStat = (pid: number): ProcessStat | null => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name, in parentheses, may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z') return null
    return { parent: Number(fields[1]), session: Number(fields[3]), startTime: fields[19] ?? '' }
  } catch {
    return null
  }
}

const hasHome = (pid: number, home: string): boolean => {
  try {
    const environment = `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`
    return environment.includes(`\0HOME=${home}\0`)
  } catch {
    return false
  }
}

const workingFolder = (pid: number): string => {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ''
  }
}

const isIn = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder + sep)
