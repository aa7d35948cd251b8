import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Engine, silentLogger } from '@waggle/domain'
import {
  dockerStage,
  type Ran,
  runNamed,
  startDocker,
  type TestDocker,
  tempFolder,
  testImages,
} from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDockerEngine } from './docker-engine.ts'
import { localImages } from './make-images.ts'

const run = promisify(execFile)

let docker: TestDocker
let engine: Engine
let folder: Awaited<ReturnType<typeof tempFolder>>
const commits: Record<string, string> = {}

/** A repository with two commits on main, a tag on the first, and a pull request that began at the first. */
beforeAll(async () => {
  docker = await startDocker()
  await testImages(docker.socket)
  engine = createDockerEngine({ socketPath: docker.socket, log: silentLogger })
  folder = await tempFolder('clone')
  const git = async (...words: string[]) => {
    const identity = ['-c', 'user.name=t', '-c', 'user.email=t@localhost']
    const { stdout } = await run('git', ['-C', folder.path, ...identity, ...words])
    return stdout.trim()
  }
  const commit = async (name: string) => {
    await writeFile(join(folder.path, name), name)
    await git('add', '.')
    await git('commit', '-qm', name)
    commits[name] = await git('rev-parse', 'HEAD')
  }
  await git('init', '-q', '-b', 'main')
  await mkdir(join(folder.path, '.git', 'hooks'), { recursive: true })
  await commit('first')
  await git('tag', '-a', '-m', 'tag', 'v1')
  await git('checkout', '-q', '-b', 'feature')
  await commit('change')
  await git('update-ref', 'refs/pull/7/head', 'HEAD')
  await git('update-ref', 'refs/pull-requests/7/from', 'HEAD')
  await git('checkout', '-q', 'main')
  await git('branch', '-q', '-D', 'feature')
  await commit('second')
}, 120_000)

afterAll(async () => {
  await engine?.close()
  await folder?.remove()
  await docker?.stop()
})

const clone = async (
  environment: Record<string, string>,
  look = 'cat .git/HEAD; ls',
): Promise<{ cloned: Ran; seen: string }> => {
  const mounts = [
    { name: '_workspace', path: '/drone' },
    { name: 'remote', path: '/remote' },
  ]
  const spec = dockerStage([
    {
      name: 'clone',
      image: localImages.git,
      mounts,
      workingDir: '/drone/src',
      environment: {
        DRONE_WORKSPACE: '/drone/src',
        DRONE_REMOTE_URL: 'file:///remote',
        DRONE_COMMIT_AUTHOR_NAME: 'Ann',
        ...environment,
      },
    },
    { name: 'look', script: look, workingDir: '/drone/src' },
  ])
  const remote = {
    kind: 'host' as const,
    id: 'remote',
    name: 'remote',
    path: folder.path,
    readOnly: true,
    labels: {},
  }
  const withRemote = { ...spec, volumes: [...spec.volumes, remote] }
  await engine.setup(withRemote)
  try {
    const cloned = await runNamed(engine, withRemote, 'clone')
    return { cloned, seen: (await runNamed(engine, withRemote, 'look')).text }
  } finally {
    await engine.destroy(withRemote)
  }
}

describe('the clone image', () => {
  it('checks out the commit of a push as its branch', async () => {
    const { cloned, seen } = await clone({
      DRONE_BUILD_EVENT: 'push',
      DRONE_COMMIT_BRANCH: 'main',
      DRONE_COMMIT_SHA: commits['second'] ?? '',
      DRONE_COMMIT_REF: 'refs/heads/main',
    })
    expect(cloned).toMatchObject({ code: 0 })
    expect(seen).toBe('ref: refs/heads/main\nfirst\nsecond\n')
  })

  it('brings a commit that the branch has left behind, also with a depth', async () => {
    const { cloned, seen } = await clone({
      DRONE_COMMIT_BRANCH: 'main',
      DRONE_COMMIT_SHA: commits['first'] ?? '',
      PLUGIN_DEPTH: '1',
    })
    expect(cloned).toMatchObject({ code: 0 })
    expect(seen).toBe('ref: refs/heads/main\nfirst\n')
  })

  it('takes the tip of the branch where no commit is named', async () => {
    const { seen } = await clone({ DRONE_COMMIT_BRANCH: 'main', DRONE_BUILD_EVENT: 'cron' })
    expect(seen).toBe('ref: refs/heads/main\nfirst\nsecond\n')
  })

  it('checks out a tag', async () => {
    const { cloned, seen } = await clone({
      DRONE_BUILD_EVENT: 'tag',
      DRONE_TAG: 'v1',
      DRONE_COMMIT_REF: 'refs/tags/v1',
      DRONE_COMMIT_SHA: commits['first'] ?? '',
    })
    expect(cloned).toMatchObject({ code: 0 })
    expect(seen).toBe(`${commits['first']}\nfirst\n`)
  })

  it('merges a pull request into its target', async () => {
    const { cloned, seen } = await clone({
      DRONE_BUILD_EVENT: 'pull_request',
      DRONE_COMMIT_BRANCH: 'main',
      DRONE_COMMIT_SHA: commits['change'] ?? '',
      DRONE_COMMIT_REF: 'refs/pull/7/head',
      PLUGIN_DEPTH: '1',
    })
    expect(cloned).toMatchObject({ code: 0 })
    expect(seen).toBe('ref: refs/heads/main\nchange\nfirst\nsecond\n')
  })

  it('merges what was promoted from a pull request too', async () => {
    const { seen } = await clone({
      DRONE_BUILD_EVENT: 'promote',
      DRONE_COMMIT_BRANCH: 'main',
      DRONE_COMMIT_SHA: commits['change'] ?? '',
      DRONE_COMMIT_REF: 'refs/pull-requests/7/from',
    })
    expect(seen).toBe('ref: refs/heads/main\nchange\nfirst\nsecond\n')
  })

  it('tries again as often as it was told, then fails with a text', async () => {
    const { cloned } = await clone({
      DRONE_REMOTE_URL: 'file:///nowhere',
      DRONE_COMMIT_BRANCH: 'main',
      PLUGIN_RETRIES: '1',
    })
    expect(cloned.code).not.toBe(0)
    expect(cloned.text).toContain('try 2 of 2')
  })

  it('refuses what would be taken for an option or run a command', async () => {
    const hostile: readonly Record<string, string>[] = [
      { DRONE_COMMIT_BRANCH: '--upload-pack=touch /drone/src/owned' },
      { DRONE_COMMIT_BRANCH: 'main', DRONE_COMMIT_SHA: '--orphan' },
      { DRONE_COMMIT_BRANCH: 'main', DRONE_REMOTE_URL: 'ext::sh -c touch% /drone/src/owned' },
      { DRONE_COMMIT_BRANCH: 'main', DRONE_REMOTE_URL: '--upload-pack=touch /drone/src/owned' },
    ]
    for (const environment of hostile) {
      const { cloned, seen } = await clone(environment, 'ls')
      expect(cloned.code).not.toBe(0)
      expect(seen).not.toContain('owned')
    }
  })
})
