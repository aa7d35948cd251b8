import { readFile, stat } from 'node:fs/promises'
import { invalid, notFound } from '@waggle/domain'

const limitBytes = 4 * 1024 * 1024

/** The text of a file, or of standard input for `-`. Throws `not_found`, or `invalid` beyond 4 MiB. */
export const readInput = async (path: string): Promise<string> => {
  if (path === '-') return readStandardInput()
  const size = await stat(path).then(
    (file) => file.size,
    (cause: NodeJS.ErrnoException) => {
      throw notFound('no_file', `cannot read ${path}: ${reason(cause)}`, { cause })
    },
  )
  if (size > limitBytes) throw tooLong(path)
  return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw notFound('no_file', `cannot read ${path}: ${reason(cause)}`, { cause })
  })
}

const readStandardInput = async (): Promise<string> => {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    size += part.length
    if (size > limitBytes) throw tooLong('standard input')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

const tooLong = (path: string) =>
  invalid('file_too_long', `${path} is longer than ${limitBytes / 1024 / 1024} MiB`)

const reason = (error: NodeJS.ErrnoException): string =>
  error.code === 'ENOENT' ? 'no such file' : error.message
