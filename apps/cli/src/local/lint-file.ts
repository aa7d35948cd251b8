import { issueShape } from '@waggle/control'
import { lintManifest } from '@waggle/pipeline'
import { exitCodes } from '../exit-code.ts'
import { print, printJson } from '../print.ts'
import { readLocalFile } from './local-file.ts'
import type { LintFlags } from './local-flags.ts'
import { findingText } from './plan-text.ts'

/** Prints every mistake of a file. Gives the exit code: 2 where there is one that ends a build or a stage. */
export const lintFile = async (path: string, flags: LintFlags): Promise<number> => {
  const { manifest } = await readLocalFile(path, flags)
  const findings = lintManifest(manifest, { isTrusted: flags.trusted === true })
  if (flags.json) printJson(findings.map(issueShape))
  else print(findings.length === 0 ? `${path}: no mistakes` : findings.map(findingText).join('\n'))
  return findings.every((finding) => finding.ends === 'nothing') ? exitCodes.ok : exitCodes.usage
}
