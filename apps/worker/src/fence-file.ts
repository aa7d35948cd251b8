import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AttemptRef } from '@waggle/domain'

/** An attempt that has to end when its worker is cut off. */
export interface FencedAttempt extends AttemptRef {
  /** When the question was sent whose answer last said that the attempt is the worker's: `monotonicMs`. */
  readonly renewedAt: number
}

const filePattern = /^fence-[0-9a-f-]{1,40}\.json$/

/** Milliseconds of a clock that nobody sets, the same for all processes of the machine; begins anew when it starts. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000_000n)

/** Whether its time is over. One from the future is from before the machine's last start. */
export const isExpired = ({ renewedAt }: FencedAttempt, selfFenceMs: number): boolean => {
  const now = monotonicMs()
  return now - renewedAt >= selfFenceMs || renewedAt > now
}

/** One file for each boot of the worker: the guard reads what a dead boot left as well. Whole or not at all. */
export const writeFence = (
  folder: string,
  bootId: string,
  attempts: readonly FencedAttempt[],
): void => {
  const path = join(folder, `fence-${bootId}.json`)
  if (attempts.length === 0) rmSync(path, { force: true })
  else {
    writeFileSync(`${path}.new`, JSON.stringify(attempts), { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
}

/** All fenced attempts of the folder, by file. A file that is gone meanwhile, or is none of ours, holds none. */
export const readFences = (folder: string): ReadonlyMap<string, readonly FencedAttempt[]> => {
  const fences = new Map<string, readonly FencedAttempt[]>()
  for (const name of readdirSync(folder)) {
    if (!filePattern.test(name)) continue
    const path = join(folder, name)
    try {
      const attempts: unknown = JSON.parse(readFileSync(path, 'utf8'))
      if (Array.isArray(attempts)) fences.set(path, attempts.filter(isFenced))
    } catch {
      // Gone.
    }
  }
  return fences
}

const isFenced = (value: unknown): value is FencedAttempt => {
  if (typeof value !== 'object' || value === null) return false
  const { stageId, attempt, renewedAt } = value as Partial<Record<keyof FencedAttempt, unknown>>
  return [stageId, attempt, renewedAt].every((number) => Number.isSafeInteger(number))
}
