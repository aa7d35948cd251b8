import { invalid } from '@waggle/domain'
import { readInput } from '../read-input.ts'

/** Variables from a file with NAME=VALUE lines; blank lines and lines with # do not count, quotes around a value are
 *  taken off. Throws `invalid` with the line's number. */
export const readEnvFile = async (path: string): Promise<Record<string, string>> => {
  const values: Record<string, string> = {}
  for (const [index, line] of (await readInput(path)).split(/\r?\n/).entries()) {
    const text = line.trim().replace(/^export\s+/, '')
    if (text === '' || text.startsWith('#')) continue
    const at = text.indexOf('=')
    if (at < 1) throw invalid('bad_env_file', `${path}, line ${index + 1}: not NAME=VALUE`)
    values[text.slice(0, at).trim()] = unquote(text.slice(at + 1).trim())
  }
  return values
}

const unquote = (value: string): string => {
  const quote = value[0]
  const isQuoted = value.length >= 2 && (quote === '"' || quote === "'") && value.endsWith(quote)
  if (!isQuoted) return value
  const inner = value.slice(1, -1)
  return quote === '"' ? inner.replaceAll('\\n', '\n') : inner
}
