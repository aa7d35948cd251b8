import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, realpath, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { pack } from 'tar-stream'

const run = promisify(execFile)

/** What an image consists of, by path inside it. */
export type ImageFiles = Map<string, ImageEntry>

type ImageEntry =
  | { readonly kind: 'folder'; readonly mode: number }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'text'; readonly text: string; readonly mode: number }
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly mode: number }
  /** A file of this machine. */
  | { readonly kind: 'copy'; readonly from: string; readonly mode: number }

/** Adds a program of this machine, at `path`, with the libraries that it needs at the places where it looks for them. */
export const addProgram = async (files: ImageFiles, from: string, path: string): Promise<void> => {
  files.set(path, { kind: 'copy', from, mode: 0o755 })
  for (const library of await librariesOf(from)) {
    files.set(library.slice(1), { kind: 'copy', from: library, mode: 0o755 })
  }
}

/** Changes with every file that the image is made of: path, size, time, text. */
export const recipeOf = async (files: ImageFiles): Promise<string> => {
  const hash = createHash('sha256')
  for (const [path, entry] of files) {
    hash.update(JSON.stringify([path, entry]))
    if (entry.kind === 'copy') {
      const { size, mtimeMs } = await stat(entry.from)
      hash.update(`${size} ${mtimeMs}`)
    }
  }
  return hash.digest('hex').slice(0, 16)
}

/** The files as a tar, one in memory at a time. */
export const tarOf = (files: ImageFiles): Readable => {
  const tar = pack()
  const fill = async () => {
    for (const [path, entry] of files) await addEntry(tar, path, entry)
    tar.finalize()
  }
  fill().catch((error: unknown) => tar.destroy(error as Error))
  return Readable.from(tar)
}

const addEntry = async (
  tar: ReturnType<typeof pack>,
  path: string,
  entry: ImageEntry,
): Promise<void> => {
  const at = { name: path, mtime: new Date(0) }
  switch (entry.kind) {
    case 'folder':
      tar.entry({ ...at, type: 'directory', mode: entry.mode })
      return
    case 'link':
      tar.entry({ ...at, type: 'symlink', linkname: entry.target })
      return
    case 'text':
      tar.entry({ ...at, mode: entry.mode }, entry.text)
      return
    case 'bytes':
      tar.entry({ ...at, mode: entry.mode }, entry.bytes)
      return
    case 'copy': {
      const bytes = await readFile(entry.from)
      await new Promise<void>((resolve, reject) => {
        tar.entry({ ...at, mode: entry.mode, size: bytes.length }, bytes, (error) =>
          error ? reject(error) : resolve(),
        )
      })
      return
    }
    default:
      entry satisfies never
  }
}

/** Paths of the libraries that the loader would take; none for a static program. */
const librariesOf = async (program: string): Promise<readonly string[]> => {
  const real = await realpath(program)
  // `ldd` fails on a static program: that is its answer.
  const text = await run('ldd', [real]).then(
    ({ stdout }) => stdout,
    () => '',
  )
  return text
    .split('\n')
    .flatMap((line) => line.split(/\s+/))
    .filter((word) => word.startsWith('/') && existsSync(word))
}
