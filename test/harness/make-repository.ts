import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface TestRepository {
  readonly url: string
  readonly path: string
  /** Writes files, commits them, and gives the commit's id. */
  commit(message: string, files: Readonly<Record<string, string>>): string
  git(...args: readonly string[]): string
}

/** A real git repository in a folder of the test's own. */
export const makeRepository = (
  folder: string,
  name: string,
  files: Readonly<Record<string, string>>,
): TestRepository => {
  const path = join(folder, 'repos', name)
  mkdirSync(path, { recursive: true })
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
      cwd: path,
      encoding: 'utf8',
    }).trim()
  git('init', '--quiet', '--initial-branch=main')
  const commit = (message: string, changed: Readonly<Record<string, string>>) => {
    for (const [file, text] of Object.entries(changed)) {
      mkdirSync(dirname(join(path, file)), { recursive: true })
      writeFileSync(join(path, file), text)
    }
    git('add', '--all')
    git('commit', '--quiet', `--message=${message}`)
    return git('rev-parse', 'HEAD')
  }
  commit('first', files)
  return { url: pathToFileURL(path).href, path, commit, git }
}
