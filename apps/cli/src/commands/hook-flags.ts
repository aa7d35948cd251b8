import { type Command, Option } from 'commander'
import { names, pairs } from '../option-types.ts'

/** The event that a file is looked at for, without a server that tells of one. */
export interface HookFlags {
  readonly event: string
  readonly branch?: string
  readonly ref?: string
  readonly tag?: string
  readonly sha?: string
  readonly pullRequest?: string
  readonly fork?: string
  readonly action?: string
  readonly deployTo?: string
  readonly cron?: string
  readonly repo?: string
  readonly instance?: string
  readonly title?: string
  readonly message?: string
  readonly changed?: readonly string[]
  readonly param?: Readonly<Record<string, string>>
  readonly trusted?: boolean
  readonly templates?: string
}

export const withHook = (command: Command): Command =>
  command
    .addOption(
      new Option('--event <event>', 'event of the build')
        .choices(['push', 'pull_request', 'tag', 'promote', 'rollback', 'cron', 'custom'])
        .default('push'),
    )
    .option('--branch <name>', "branch that conditions look at; default: the folder's")
    .option('--ref <ref>', 'full ref; default: by event and branch')
    .option('--tag <name>', 'tag of a tag event')
    .option('--sha <commit>', "commit; default: the folder's")
    .option('--pull-request <number>', 'number of the pull request')
    .option('--fork <owner/name>', 'the pull request comes from this repository')
    .option('--action <action>', 'action of the hook, such as opened')
    .option('--deploy-to <target>', 'target of a promotion')
    .option('--cron <name>', 'name of the cron job')
    .option('--repo <owner/name>', "repository; default: from the folder's remote")
    .option('--instance <host>', 'host of the server')
    .option('--title <text>', 'title of the pull request')
    .option('--message <text>', "message of the commit; default: the folder's")
    .option('--changed <paths>', 'changed files, by comma; may be repeated', names)
    .option('--param <name=value>', 'parameter of the build; may be repeated', pairs)
    .option('--templates <folder>', 'folder with the templates of the server')
    .option('--trusted', 'as in a trusted repository: host volumes, privileged steps')
