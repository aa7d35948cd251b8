import { arch, platform } from 'node:os'
import { type Given, machinePlatform, makeHook } from '@waggle/domain'
import type { Pipeline } from '@waggle/pipeline'
import packageFile from '../../package.json' with { type: 'json' }
import type { LocalFlags } from '../commands/local-commands.ts'
import type { WorkingTree } from './working-tree.ts'

/** The given of a pipeline that is run without a server: made up from the file, the folder and the flags. */
export const makeGiven = (input: {
  readonly text: string
  readonly pipeline: Pipeline
  readonly tree: WorkingTree
  readonly flags: LocalFlags
  readonly secrets: Readonly<Record<string, string>>
  readonly timeoutMinutes: number
  readonly installation: string
}): Given => {
  const { pipeline, tree, flags } = input
  const now = Date.now()
  const machine = machinePlatform(platform(), arch())
  const branch = flags.branch ?? tree.branch
  const [namespace = '', name = ''] = tree.slug.split('/')
  return {
    installation: input.installation,
    attempt: 1,
    repo: {
      id: 1,
      uid: '',
      namespace,
      name,
      slug: tree.slug,
      gitHttpUrl: tree.url,
      gitSshUrl: '',
      link: '',
      defaultBranch: tree.branch,
      private: false,
      visibility: 'private',
      trusted: flags.trusted === true,
      timeoutMinutes: input.timeoutMinutes,
    },
    build: {
      ...hookOf(flags, tree, branch),
      id: 1,
      number: 1,
      status: 'running',
      sourceRepo: '',
      cloneUrl: tree.url,
      startedAt: now,
      finishedAt: 0,
      createdAt: now,
    },
    stage: {
      id: 1,
      number: 1,
      name: pipeline.name,
      kind: 'pipeline',
      type: pipeline.type,
      os: pipeline.platform.os || machine.os,
      arch: pipeline.platform.arch || machine.arch,
      variant: pipeline.platform.variant,
      kernel: pipeline.platform.version,
      machine: 'localhost',
      labels: pipeline.node,
      dependsOn: pipeline.dependsOn,
      onSuccess: true,
      onFailure: false,
      version: 1,
      createdAt: now,
    },
    siblings: [],
    manifest: input.text,
    secrets: Object.entries(input.secrets).map(([secret, value]) => ({ name: secret, value })),
    netrc: null,
    system: { proto: 'http', host: 'localhost', link: '', version: packageFile.version },
  }
}

const hookOf = (flags: LocalFlags, tree: WorkingTree, branch: string) => {
  const { fork: _, ...hook } = makeHook({
    event: flags.event as ReturnType<typeof makeHook>['event'],
    ref: flags.event === 'tag' ? `refs/tags/${branch}` : `refs/heads/${branch}`,
    source: branch,
    target: branch,
    after: tree.commit,
    message: tree.message,
    author: tree.authorName,
    authorName: tree.authorName,
    authorEmail: tree.authorEmail,
    trigger: 'local',
    params: flags.param ?? {},
  })
  return hook
}
