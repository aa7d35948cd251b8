import { explainPlan, planShape } from '@waggle/control'
import packageFile from '../../package.json' with { type: 'json' }
import { exitCodes } from '../exit-code.ts'
import { print, printJson } from '../print.ts'
import { readEnvFile } from './env-file.ts'
import { readLocalFile } from './local-file.ts'
import type { PlanFlags } from './local-flags.ts'
import { localRepo, localSystem } from './local-repo.ts'
import { planText } from './plan-text.ts'

/** Prints what a build of the file would be. Gives the exit code: 2 where the file has a mistake. */
export const planFile = async (path: string, flags: PlanFlags): Promise<number> => {
  const local = await readLocalFile(path, flags)
  const secrets = flags.secretFile === undefined ? null : await readEnvFile(flags.secretFile)
  const report = await explainPlan({
    text: local.text,
    hook: local.hook,
    repo: {
      ...localRepo(local, flags),
      protected: flags.protected === true,
      throttle: 0,
      counter: 0,
    },
    cloneUrl: local.tree.url,
    // A file of secrets does not say for whom they are: all are as a new secret is.
    secrets:
      secrets === null
        ? null
        : Object.keys(secrets).map((name) => ({ name, pullRequest: false, forks: false })),
    system: localSystem(flags, packageFile.version),
    nowMs: Date.now(),
  })
  if (flags.json) printJson(planShape(report))
  else print(planText(report))
  const isWrong = report.isError || report.stages.some((stage) => stage.error !== '')
  return isWrong ? exitCodes.usage : exitCodes.ok
}
