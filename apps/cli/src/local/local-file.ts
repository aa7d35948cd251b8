import type { Hook } from '@waggle/domain'
import { type ParsedManifest, parseManifest } from '@waggle/pipeline'
import type { HookFlags } from '../commands/hook-flags.ts'
import { readInput } from '../read-input.ts'
import { localHook } from './make-hook.ts'
import { readWorkingTree, type WorkingTree } from './working-tree.ts'

/** A pipeline file with what the folder and the flags say of its build. */
export interface LocalFile {
  readonly path: string
  readonly text: string
  readonly manifest: ParsedManifest
  readonly tree: WorkingTree
  readonly slug: string
  readonly hook: Hook
}

export const readLocalFile = async (path: string, flags: HookFlags): Promise<LocalFile> => {
  const text = await readInput(path)
  const tree = readWorkingTree(process.cwd())
  const slug = flags.repo ?? tree.slug
  const hook = localHook(flags, tree, slug)
  return { path, text, manifest: parseManifest(text), tree, slug, hook }
}
