import { invalid } from '@waggle/domain'
import type { ApiBuild } from '../api-shapes.ts'
import type { Client } from '../client.ts'
import { type CommandContext, openInterrupt } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { print, printJson } from '../print.ts'
import { printWarnings } from '../print-warnings.ts'
import { followBuild } from '../progress/follow-build.ts'
import { readInput } from '../read-input.ts'
import type { CreateFlags } from './build-flags.ts'

/** Creates a build and, with `--follow`, shows it to its end. Gives the exit code. */
export const createBuild = async (
  client: Client,
  repo: string,
  flags: CreateFlags,
  context: CommandContext,
): Promise<number> => {
  const build = await submit(client, repo, flags)
  return showCreated(client, repo, build, flags, context)
}

/** Tells of a build that was made and, with `--follow`, shows it to its end. Gives the exit code. */
export const showCreated = async (
  client: Client,
  repo: string,
  build: ApiBuild,
  flags: Pick<CreateFlags, 'json' | 'follow' | 'raw'>,
  context: CommandContext,
): Promise<number> => {
  if (flags.json && !flags.follow) printJson(build)
  else if (!flags.json) {
    print(`build ${build.number} of ${repo}: ${build.status}`)
    if (build.error !== '') print(build.error)
    printWarnings(build)
  }
  if (flags.follow) {
    const signal = openInterrupt(context)
    const out = flags.json ? process.stderr : process.stdout
    const code = await followBuild(client, repo, build.number, {
      signal,
      out,
      ...(flags.raw ? { raw: true } : {}),
    })
    if (flags.json) printJson(await client.findBuild(repo, build.number))
    return code
  }
  return build.status === 'error' ? exitCodes.buildFailed : exitCodes.ok
}

const submit = async (client: Client, repo: string, flags: CreateFlags): Promise<ApiBuild> => {
  const { param, commit, ref, git } = flags
  if (flags.file === undefined) {
    if (git !== undefined) throw invalid('file_needed', '--git needs --file, the pipeline to run')
    if (flags.priority !== undefined) throw invalid('file_needed', '--priority needs --file')
    return client.createBuild(repo, {
      ...(param === undefined ? {} : { params: param }),
      ...(ref === undefined ? {} : { branch: ref }),
      ...(commit === undefined ? {} : { commit }),
    })
  }
  if (git === undefined && (ref !== undefined || commit !== undefined))
    throw invalid('git_needed', '--ref and --commit need --git with --file')
  return client.submitBuild({
    repository: repo,
    pipeline: await readInput(flags.file),
    ...(git === undefined
      ? {}
      : {
          source: {
            url: git,
            ...(ref === undefined ? {} : { ref }),
            ...(commit === undefined ? {} : { commit }),
          },
        }),
    ...(param === undefined ? {} : { params: param }),
    ...(flags.message === undefined ? {} : { message: flags.message }),
    ...(flags.priority === undefined ? {} : { priority: flags.priority }),
  })
}
