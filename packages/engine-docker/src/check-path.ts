import { posix } from 'node:path'
import { invalid } from '@waggle/domain'

/** A mounted path as it goes to the engine. Absolute, without `..`, NUL or colon (threats.md T-21): a bind is text
 *  with colons. Throws `mount_refused`. */
export const mountPath = (path: string, isWindows: boolean): string => {
  if (isWindows) return windowsPath(path)
  const isPlain = path.startsWith('/') && !/[:\0]/.test(path) && !path.split('/').includes('..')
  if (!isPlain) throw refused(path)
  return posix.normalize(path)
}

/** `c:\…`, or the name of a pipe. */
const windowsPath = (path: string): string => {
  const rest = isPipe(path) ? path.slice(pipes.length) : path.replace(/^[a-z]:[\\/]/i, '/')
  const isRooted = isPipe(path) || rest.length < path.length || path.startsWith('/')
  if (!isRooted || /[:\0]/.test(rest) || rest.split(/[\\/]/).includes('..')) throw refused(path)
  return path
}

const pipes = '\\\\.\\pipe\\'

/** Whether the path names a pipe of Windows, which is mounted in its own way (pipeline.md §13.3). */
export const isPipe = (path: string): boolean => path.startsWith(pipes)

/** A container that begins in a folder of `/proc` may begin on the host (threats.md T-25). */
export const refuseProcFolder = (path: string): void => {
  const plain = posix.normalize(`/${path}`).replace(/^\/+/, '/')
  if (plain === '/proc' || plain.startsWith('/proc/'))
    throw invalid('working_dir_refused', `a step must not work in ${path}`)
}

const refused = (path: string) =>
  invalid(
    'mount_refused',
    `a mounted path must be absolute, without colon and '..': ${path.replaceAll('\0', '')}`,
  )
