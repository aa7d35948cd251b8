import { type Given, invalid } from '@waggle/domain'
import type { PlannedStage } from '@waggle/pipeline'
import packageFile from '../../package.json' with { type: 'json' }
import type { LocalFile } from './local-file.ts'
import type { LocalFlags } from './local-flags.ts'
import { localRepo, localSystem } from './local-repo.ts'

/** The given of a stage that is run without a server: made up from the file, the folder and the flags. */
export const makeGiven = (input: {
  readonly local: LocalFile
  readonly stage: PlannedStage
  readonly flags: LocalFlags
  readonly secrets: Readonly<Record<string, string>>
  readonly timeoutMinutes: number
  readonly installation: string
  readonly siblings: Given['siblings']
}): Given => {
  const { local, flags, stage } = input
  const now = Date.now()
  const { fork, ...hook } = local.hook
  const { throttle: _t, limit: _l, ...record } = stage
  return {
    installation: input.installation,
    attempt: 1,
    repo: { ...localRepo(local, flags), timeoutMinutes: input.timeoutMinutes },
    build: {
      ...hook,
      id: 1,
      number: 1,
      status: 'running',
      sourceRepo: fork,
      cloneUrl: local.tree.url,
      startedAt: now,
      finishedAt: 0,
      createdAt: now,
    },
    stage: { ...record, id: stage.number, machine: 'localhost', version: 1, createdAt: now },
    siblings: input.siblings,
    manifest: local.text,
    secrets: Object.entries(input.secrets).map(([secret, value]) => ({ name: secret, value })),
    netrc: netrcOf(flags),
    system: localSystem(flags, packageFile.version),
  }
}

const netrcOf = (flags: LocalFlags): Given['netrc'] => {
  const { netrcMachine: machine, netrcUsername: login, netrcPassword: password } = flags
  if (machine === undefined && login === undefined && password === undefined) return null
  if (machine === undefined) throw invalid('bad_flag', '--netrc-machine: missing')
  return { machine, login: login ?? '', password: password ?? '' }
}
