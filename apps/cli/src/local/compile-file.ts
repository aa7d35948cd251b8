import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { printSpec } from '@waggle/pipeline'
import type { LocalFlags } from '../commands/local-commands.ts'
import { printJson } from '../print.ts'
import { compileLocal } from './compile-local.ts'

/** Prints the spec of a pipeline file with the names of pipeline.md §12.2. */
export const compileFile = async (file: string, flags: LocalFlags): Promise<void> => {
  const { spec } = await compileLocal(file, flags, {
    execRoot: join(tmpdir(), 'waggle-exec'),
    timeoutMinutes: 60,
    // The same file prints the same names.
    installation: 'local',
  })
  printJson(printSpec(spec))
}
