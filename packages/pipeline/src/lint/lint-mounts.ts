import { isReservedVolume } from '../compile/reserved-volume.ts'
import { cleanPath, isWithin } from '../compile/workspace.ts'
import type { PipelineStep } from '../manifest.ts'
import type { LintProblem } from './lint-problem.ts'

/** Rules L11 and L12 of pipeline.md §8.3, and mount paths that an engine would misread (threats.md T-21). */
export const lintMounts = (step: PipelineStep): LintProblem[] =>
  step.volumes.flatMap(({ name, path }, index): LintProblem[] => {
    const at = ['volumes', index]
    const problems: LintProblem[] = []
    if (isReservedVolume(name)) {
      const message = `invalid volume name: ${name}`
      problems.push({ code: 'volume_name', message, path: [...at, 'name'] })
    }
    const message = pathProblem(path)
    if (message !== null) problems.push({ code: 'mount_path', message, path: [...at, 'path'] })
    return problems
  })

const pathProblem = (path: string): string | null => {
  if (isWithin(cleanPath(path.replaceAll('\\', '/')), ['/run/drone']) || isRunDrone(path))
    return 'cannot mount volume at /run/drone'
  return isMountPath(path) ? null : `invalid mount path: ${path}`
}

/** As the reference compares: by the beginning of the cleaned text. */
const isRunDrone = (path: string): boolean => cleanPath(path).startsWith('/run/drone')

/** Absolute, or of Windows; nothing that climbs, and no NUL or separator of mount options. */
const isMountPath = (path: string): boolean => {
  const isWindows = /^[A-Za-z]:[\\/]/.test(path) || path.startsWith('\\\\.\\pipe\\')
  const rest = isWindows ? path.slice(2) : path
  if (!isWindows && !path.startsWith('/')) return false
  return !rest.includes('\0') && !rest.includes(':') && !rest.split(/[\\/]/).includes('..')
}
