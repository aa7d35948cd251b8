import type { ConversionContext } from '@waggle/domain'
import { ConversionError } from './conversion-error.ts'
import { dataFolder, type JsonnetImport, readProgram } from './jsonnet-program.ts'

export interface JsonnetFilesOptions extends Pick<ConversionContext, 'readFile'> {
  /** Most files that one conversion may import; 0 = none. */
  readonly importLimit: number
}

const mostBytes = 4 * 1024 * 1024

/** The program and all that it imports, each once, by the path at which the interpreter finds it. Import cycles are
 *  Jsonnet's to judge: values are lazy, and a cycle need not be endless. */
export const collectFiles = async (
  entry: { readonly path: string; readonly text: string },
  { readFile, importLimit }: JsonnetFilesOptions,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> => {
  const first = readProgram(entry.path, entry.text)
  const files = new Map([[entry.path, first.text]])
  let left = mostBytes - entry.text.length
  let imported = 0
  let waiting: readonly JsonnetImport[] = first.imports
  while (waiting.length > 0) {
    const wanted = new Map<string, JsonnetImport>()
    for (const one of waiting) if (!files.has(keyOf(one))) wanted.set(keyOf(one), one)
    const [next] = wanted.values()
    imported += wanted.size
    if (next !== undefined && imported > importLimit)
      throw new ConversionError(tooMany(next, importLimit))
    const found: JsonnetImport[] = []
    const texts = await readSome([...wanted.values()], (one) => readFile(one.path, signal))
    for (const [key, one] of wanted) {
      const text = texts.get(one) ?? null
      if (text === null)
        throw new ConversionError(`jsonnet: ${one.place}: ${one.path} is not in the repository`)
      left -= text.length
      if (left < 0)
        throw new ConversionError(`jsonnet: ${one.place}: the imports exceed ${mostBytes} bytes`)
      const program = one.as === 'code' ? readProgram(one.path, text) : { text, imports: [] }
      files.set(key, program.text)
      found.push(...program.imports)
    }
    waiting = found
  }
  return files
}

// Each may be a question to a git server.
const atOnce = 4

const readSome = async (
  all: readonly JsonnetImport[],
  read: (one: JsonnetImport) => Promise<string | null>,
): Promise<ReadonlyMap<JsonnetImport, string | null>> => {
  const texts = new Map<JsonnetImport, string | null>()
  for (let at = 0; at < all.length; at += atOnce) {
    const some = all.slice(at, at + atOnce)
    const found = await Promise.all(some.map(read))
    for (const [index, one] of some.entries()) texts.set(one, found[index] ?? null)
  }
  return texts
}

const keyOf = ({ as, path }: JsonnetImport): string =>
  as === 'data' ? `${dataFolder}/${path}` : path

const tooMany = (one: JsonnetImport, limit: number): string =>
  limit === 0
    ? `jsonnet: ${one.place}: this server allows no imports`
    : `jsonnet: ${one.place}: a file may import at most ${limit} others, all together`
