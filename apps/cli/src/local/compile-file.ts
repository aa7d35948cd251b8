import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { invalid } from '@waggle/domain'
import { printSpec } from '@waggle/pipeline'
import { printJson } from '../print.ts'
import { chooseStages } from './choose-stages.ts'
import { compileLocal } from './compile-local.ts'
import { readLocalFile } from './local-file.ts'
import type { LocalFlags } from './local-flags.ts'

/** Prints the spec of a stage with the names of pipeline.md §12.2. */
export const compileFile = async (path: string, flags: LocalFlags): Promise<void> => {
  const local = await readLocalFile(path, flags)
  const { stages } = chooseStages(local, flags.pipeline)
  const [stage, ...others] = stages
  if (stage === undefined || others.length > 0) {
    const known = stages.map(({ name }) => name).join(', ')
    throw invalid('which_pipeline', `${path} has several pipelines (${known}); name one by --stage`)
  }
  const { spec } = await compileLocal(local, stage, flags, {
    execRoot: join(tmpdir(), 'waggle-exec'),
    timeoutMinutes: 60,
    // The same file prints the same names.
    installation: 'local',
    siblings: [],
  })
  printJson(printSpec(spec))
}
