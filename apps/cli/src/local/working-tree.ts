import { spawnSync } from 'node:child_process'
import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What the folder knows of its repository; empty where it is none. */
export interface WorkingTree {
  readonly slug: string
  readonly url: string
  readonly branch: string
  readonly commit: string
  readonly message: string
  readonly authorName: string
  readonly authorEmail: string
}

export const readWorkingTree = (folder: string): WorkingTree => {
  const git = (...args: readonly string[]): string => {
    const done = spawnSync('git', args, { cwd: folder, encoding: 'utf8', timeout: 10_000 })
    return done.status === 0 ? done.stdout.trim() : ''
  }
  const top = git('rev-parse', '--show-toplevel')
  const url = withoutPassword(git('config', '--get', 'remote.origin.url'))
  const [commit = '', authorName = '', authorEmail = '', ...message] = git(
    'log',
    '-1',
    '--format=%H%n%an%n%ae%n%B',
  ).split('\n')
  return {
    slug: slugOf(url, folder),
    url: url || (top === '' ? '' : pathToFileURL(top).href),
    branch: git('symbolic-ref', '--short', '-q', 'HEAD') || 'main',
    commit,
    message: message.join('\n').trim(),
    authorName,
    authorEmail,
  }
}

const slugOf = (url: string, folder: string): string => {
  const path = url
    .replace(/\.git\/*$/, '')
    .replace(/^[a-z+]+:\/\/[^/]*\//, '')
    .replace(/^[^/]*:/, '')
  const parts = path.split('/').filter((part) => part !== '')
  const [owner, name] = parts.slice(-2)
  return owner !== undefined && name !== undefined
    ? `${owner}/${name}`
    : `local/${basename(folder)}`
}

const withoutPassword = (url: string): string => url.replace(/^([a-z+]+:\/\/)[^/@]*@/, '$1')
