import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { unavailable } from '@waggle/domain'

/** A real git repository, made from `examples/demo`; the same one at the next start. Gives its address. */
export const makeDemoRepository = async (examples: string, folder: string): Promise<string> => {
  const path = join(folder, 'hello')
  if (!existsSync(join(path, '.git', 'HEAD'))) {
    await mkdir(path, { recursive: true })
    await cp(examples, path, { recursive: true })
    git(path, 'init', '--quiet', '--initial-branch=main')
    git(path, 'add', '--all')
    git(path, 'commit', '--quiet', '--message=A story about bees')
  }
  return pathToFileURL(path).href
}

const git = (path: string, ...args: readonly string[]): void => {
  const identity = ['-c', 'user.name=Waggle', '-c', 'user.email=waggle@localhost']
  const safe = ['-c', 'safe.directory=*', '-c', 'commit.gpgsign=false']
  const done = spawnSync('git', [...identity, ...safe, ...args], { cwd: path, encoding: 'utf8' })
  if (done.error !== undefined)
    throw unavailable('git_missing', 'git does not start; type: apt-get install git', {
      cause: done.error,
    })
  if (done.status !== 0)
    throw unavailable('git_failed', `git ${args[0]} failed: ${done.stderr.trim().slice(0, 300)}`)
}
