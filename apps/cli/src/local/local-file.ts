import { basename, dirname, relative, resolve } from 'node:path'
import { convert, folderReader } from '@waggle/convert'
import { type Hook, invalid } from '@waggle/domain'
import { type ParsedManifest, parseManifest } from '@waggle/pipeline'
import type { HookFlags } from '../commands/hook-flags.ts'
import { printError } from '../print.ts'
import { readInput } from '../read-input.ts'
import { localRepo } from './local-repo.ts'
import { localHook } from './make-hook.ts'
import { readWorkingTree, type WorkingTree } from './working-tree.ts'

/** A pipeline file, converted, with what the folder and the flags say of its build. */
export interface LocalFile {
  readonly path: string
  readonly text: string
  readonly manifest: ParsedManifest
  readonly tree: WorkingTree
  readonly slug: string
  readonly hook: Hook
}

/** Throws `invalid` where the file cannot be converted. */
export const readLocalFile = async (path: string, flags: HookFlags): Promise<LocalFile> => {
  const tree = readWorkingTree(process.cwd())
  const slug = flags.repo ?? tree.slug
  const hook = localHook(flags, tree, slug)
  const text = await converted(path, await readInput(path), { slug, hook, tree }, flags)
  return { path, text, manifest: parseManifest(text), tree, slug, hook }
}

/** As a server would convert it: Jsonnet, which may import files of the folder, templates, and files of old. */
const converted = async (
  path: string,
  text: string,
  local: Pick<LocalFile, 'slug' | 'hook' | 'tree'>,
  flags: HookFlags,
): Promise<string> => {
  const { root, name } = placeOf(path)
  const readTemplate = flags.templates === undefined ? null : folderReader(resolve(flags.templates))
  const result = await convert(
    {
      isJsonnetEnabled: true,
      importLimit: 50,
      repo: {
        ...localRepo(local, flags),
        configPath: name,
        active: true,
        protected: false,
      },
      hook: local.hook,
      readFile: folderReader(root),
      findTemplate: async (template) =>
        (await readTemplate?.(template, new AbortController().signal)) ?? null,
    },
    { path: name, text },
  )
  if (result.kind === 'error') throw invalid('conversion', `${path}: ${result.error}`)
  if (result.by.length > 0) printError(`${path} was converted (${result.by.join(', ')})`)
  return result.text
}

/** Imports are looked up in the folder that the command runs in, or in the file's own where it lies elsewhere. */
const placeOf = (path: string): { readonly root: string; readonly name: string } => {
  if (path === '-') return { root: process.cwd(), name: '.drone.yml' }
  const name = relative(process.cwd(), resolve(path))
  return name.startsWith('..')
    ? { root: dirname(resolve(path)), name: basename(path) }
    : { root: process.cwd(), name }
}
