import { type Hook, invalid, makeHook } from '@waggle/domain'
import type { HookFlags } from '../commands/hook-flags.ts'
import type { WorkingTree } from './working-tree.ts'

/** The hook that the flags describe; what they leave open is the folder's. */
export const localHook = (flags: HookFlags, tree: WorkingTree, slug: string): Hook => {
  const event = flags.event as Hook['event']
  if (flags.pullRequest !== undefined && !/^\d{1,9}$/.test(flags.pullRequest))
    throw invalid('bad_flag', '--pull-request: must be a number')
  const branch = flags.branch ?? tree.branch
  const ref = flags.ref ?? refOf(flags, event, branch)
  return makeHook({
    event,
    ref,
    trigger: triggerOf(event),
    action: flags.action ?? actionOf(event),
    source: branch,
    target: event === 'tag' && flags.branch === undefined ? '' : branch,
    after: flags.sha ?? tree.commit,
    fork: event === 'pull_request' ? (flags.fork ?? slug) : (flags.fork ?? ''),
    title: flags.title ?? '',
    message: flags.message ?? tree.message,
    author: tree.authorName,
    authorName: tree.authorName,
    authorEmail: tree.authorEmail,
    deployTo: flags.deployTo ?? '',
    cron: flags.cron ?? '',
    params: flags.param ?? {},
    ...(flags.changed === undefined ? {} : { changedFiles: flags.changed }),
  })
}

const refOf = (flags: HookFlags, event: Hook['event'], branch: string): string => {
  if (event === 'tag') return `refs/tags/${flags.tag ?? branch}`
  if (event === 'pull_request') return `refs/pull/${flags.pullRequest ?? '1'}/head`
  return `refs/heads/${branch}`
}

/** As the server says it of such an event (environment.md §15). */
const triggerOf = (event: Hook['event']): string => {
  if (event === 'cron') return '@cron'
  return event === 'push' || event === 'tag' || event === 'pull_request' ? '@hook' : 'local'
}

const actionOf = (event: Hook['event']): string => {
  if (event === 'tag') return 'create'
  return event === 'pull_request' ? 'synchronized' : ''
}
