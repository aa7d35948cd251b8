import { readFile, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { ConversionContext } from '@waggle/domain'
import { ConversionError } from './conversion-error.ts'

const fileLimitBytes = 1024 * 1024

/** Reads the files of a working tree for conversions. What is no regular file, or lies outside behind a symbolic link,
 *  is not there. */
export const folderReader =
  (folder: string): ConversionContext['readFile'] =>
  async (path, signal) => {
    signal.throwIfAborted()
    const root = await realpath(folder)
    const found = await realpath(join(root, path)).catch(() => null)
    if (found === null || !found.startsWith(root.endsWith(sep) ? root : root + sep)) return null
    const about = await stat(found)
    if (!about.isFile()) return null
    if (about.size > fileLimitBytes)
      throw new ConversionError(`convert: ${path} is larger than ${fileLimitBytes} bytes`)
    return readFile(found, 'utf8')
  }
