import type { HookFlags } from '../commands/hook-flags.ts'
import { print } from '../print.ts'
import { readLocalFile } from './local-file.ts'

/** Prints the pipeline file that a server would read: of a Jsonnet program, a template, a file of old. */
export const convertFile = async (path: string, flags: HookFlags): Promise<void> => {
  const { text } = await readLocalFile(path, flags)
  print(text.replace(/\n$/, ''))
}
