import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@waggle/domain'
import { serveGit } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createGitSource } from './create-git-source.ts'

let folder: string
let repository: string
let first: string
let second: string
let renamed: string
let crowded: string
let server: Server

const git = (...args: string[]): string =>
  execFileSync('git', args, {
    cwd: repository,
    encoding: 'utf8',
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: folder,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'Ada',
      GIT_AUTHOR_EMAIL: 'ada@example.com',
      GIT_COMMITTER_NAME: 'Ada',
      GIT_COMMITTER_EMAIL: 'ada@example.com',
    },
  }).trim()

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'waggle-scm-test-')))
  repository = join(folder, 'listed', 'hello')
  await mkdir(join(repository, 'ci'), { recursive: true })
  git('init', '--quiet', '--initial-branch=trunk')
  await writeFile(join(repository, '.drone.yml'), 'kind: pipeline\n')
  await writeFile(join(repository, 'large.yml'), 'x'.repeat(1024 * 1024 + 1))
  await writeFile(join(repository, 'ci', 'deep.yml'), 'deep: Straße\n')
  await symlink('/etc/passwd', join(repository, 'link.yml'))
  git('add', '.')
  git('commit', '--quiet', '-m', 'First\n\nwith a body')
  first = git('rev-parse', 'HEAD')
  git('tag', '-a', 'v1', '-m', 'the first')
  await writeFile(join(repository, '.drone.yml'), 'kind: pipeline\nname: second\n')
  git('commit', '--quiet', '-am', 'Second')
  second = git('rev-parse', 'HEAD')
  git('update-ref', 'refs/pull/1/head', first)
  git('checkout', '--quiet', '-b', 'renames')
  git('mv', 'ci/deep.yml', 'ci/tiefe Straße.yml')
  git('commit', '--quiet', '-m', 'Renamed')
  renamed = git('rev-parse', 'HEAD')
  const many = Array.from({ length: 1_000 }, (_, at) => `${'long'.repeat(20)}${at}`)
  await Promise.all(many.map((name) => writeFile(join(repository, name), '')))
  git('add', '.')
  git('commit', '--quiet', '-m', 'Crowded')
  crowded = git('rev-parse', 'HEAD')
  git('checkout', '--quiet', 'trunk')
  server = createServer(serve).listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await rm(folder, { recursive: true, force: true })
})

/** The smart protocol over http, by git's own CGI program. */
const serve: Parameters<typeof createServer>[1] = (request, response) => {
  const url = new URL(request.url ?? '/', 'http://x')
  if (url.pathname.startsWith('/redirect')) {
    response.writeHead(302, { location: `/hello${url.pathname.slice(9)}${url.search}` }).end()
    return
  }
  if (url.pathname.startsWith('/hang')) return
  if (url.pathname.startsWith('/private')) {
    const expected = `Basic ${Buffer.from('me:s3cret').toString('base64')}`
    if (request.headers.authorization !== expected) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
      return
    }
  }
  const path = url.pathname.replace('/private', '/hello')
  serveGit(join(folder, 'listed'), path, request, response)
}

const source = (options: Partial<Parameters<typeof createGitSource>[0]> = {}) =>
  createGitSource({
    localFolders: [join(folder, 'listed')],
    log: silentLogger,
    timeoutMs: 20_000,
    ...options,
  })

const ask = (question: Partial<Parameters<ReturnType<typeof source>['read']>[0]>) =>
  source().read({ url: `file://${repository}`, ref: '', commit: '', path: '', ...question })

const httpUrl = (path: string) =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`

describe('a local repository', () => {
  test('gives the head of the default branch with a file', async () => {
    expect(await ask({ path: '.drone.yml' })).toEqual({
      sha: second,
      ref: 'refs/heads/trunk',
      message: 'Second',
      authorName: 'Ada',
      authorEmail: 'ada@example.com',
      file: 'kind: pipeline\nname: second\n',
    })
  })

  test('gives the commit alone where no file is asked for', async () => {
    expect(await ask({ ref: 'trunk' })).toMatchObject({ sha: second, file: null })
  })

  test('finds a tag by its short name and peels it', async () => {
    expect(await ask({ ref: 'v1' })).toMatchObject({
      sha: first,
      ref: 'refs/tags/v1',
      message: 'First\n\nwith a body',
    })
  })

  test('takes a full ref of any kind', async () => {
    expect(await ask({ ref: 'refs/pull/1/head' })).toMatchObject({ sha: first })
  })

  test('takes an older commit by its id', async () => {
    expect(await ask({ commit: first, path: '.drone.yml' })).toMatchObject({
      sha: first,
      ref: '',
      file: 'kind: pipeline\n',
    })
  })

  test('takes a commit together with the ref that it is on', async () => {
    expect(await ask({ commit: first, ref: 'refs/heads/trunk' })).toMatchObject({
      sha: first,
      ref: 'refs/heads/trunk',
    })
  })

  test('reads a file in a folder as UTF-8, and says null for one that is not there', async () => {
    expect(await ask({ path: 'ci/deep.yml' })).toMatchObject({ file: 'deep: Straße\n' })
    expect(await ask({ path: 'ci/none.yml' })).toMatchObject({ file: null })
  })

  test('tells which files differ between two commits, renamed ones by both names', async () => {
    const between = (before: string, after: string, url = `file://${repository}`) =>
      source().changedFiles({ url, ref: 'refs/heads/trunk', before, after })
    expect(await between(first, second)).toEqual(['.drone.yml'])
    expect(await between(second, first, httpUrl('hello'))).toEqual(['.drone.yml'])
    expect(await between(first, first)).toEqual([])
    expect(await between(second, renamed)).toEqual(['ci/deep.yml', 'ci/tiefe Straße.yml'])
    expect(await between(second, crowded)).toBeNull()
    await expect(between('d'.repeat(40), second)).rejects.toMatchObject({ kind: 'not_found' })
    await expect(between('--output=x', second)).rejects.toMatchObject({ kind: 'invalid' })
  })

  test('leaves nothing behind in the temporary folder', async () => {
    // One of its own: in the machine's, others come and go.
    const own = join(folder, 'temporary')
    await mkdir(own)
    vi.stubEnv('TMPDIR', own)
    try {
      await ask({ path: '.drone.yml' })
      await ask({ ref: 'nowhere' }).catch(() => undefined)
      expect(await readdir(own)).toEqual([])
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test.each([
    [{ ref: 'nowhere' }, 'not_found', 'no branch or tag "nowhere"'],
    [{ ref: 'refs/heads/nowhere' }, 'not_found', 'refs/heads/nowhere'],
    [{ commit: 'd'.repeat(40) }, 'not_found', 'd'.repeat(40)],
    [{ path: 'large.yml' }, 'invalid', 'larger than 1 MiB'],
    [{ path: 'link.yml' }, 'invalid', 'not a regular file'],
    [{ path: 'ci' }, 'invalid', 'not a regular file'],
    [{ path: '../x' }, 'invalid', 'plain relative path'],
    [{ path: '/etc/passwd' }, 'invalid', 'plain relative path'],
    [{ path: 'a/../../b' }, 'invalid', 'plain relative path'],
    [{ path: '.git/config' }, 'invalid', 'plain relative path'],
    [{ path: `${'x'.repeat(256)}` }, 'invalid', 'plain relative path'],
    [{ ref: '--upload-pack=touch /tmp/x' }, 'invalid', 'not a valid name'],
    [{ ref: 'a b' }, 'invalid', 'not a valid name'],
    [{ ref: 'a\nb' }, 'invalid', 'not a valid name'],
    [{ ref: 'HEAD:x' }, 'invalid', 'not a valid name'],
    [{ commit: 'abc' }, 'invalid', 'not a full commit id'],
  ])('refuses %j as %s', async (question, kind, text) => {
    await expect(ask(question)).rejects.toMatchObject({
      kind,
      message: expect.stringContaining(text),
    })
  })

  test('refuses a folder that is not listed with the same words as one that is not there', async () => {
    const outside = join(folder, 'outside')
    await mkdir(outside)
    await symlink(outside, join(folder, 'listed', 'way-out'))
    for (const path of [outside, join(folder, 'listed', 'way-out'), join(folder, 'no-such')])
      await expect(ask({ url: `file://${path}` })).rejects.toMatchObject({
        kind: 'denied',
        message: expect.stringContaining('WAGGLE_GIT_LOCAL_FOLDERS'),
      })
  })
})

describe('a repository over http', () => {
  test('gives a commit and a file', async () => {
    expect(await ask({ url: httpUrl('hello'), path: 'ci/deep.yml' })).toMatchObject({
      sha: second,
      file: 'deep: Straße\n',
    })
  })

  test('uses credentials of the address and shows them in no text', async () => {
    const url = httpUrl('private').replace('http://', 'http://me:s3cret@')
    expect(await ask({ url })).toMatchObject({ sha: second })
    const wrong = await ask({ url: url.replace('s3cret', 'wr0ng') }).catch((error) => error)
    expect(wrong).toMatchObject({ kind: 'unavailable' })
    expect(String(wrong.message)).not.toContain('wr0ng')
  })

  test('does not follow a redirect', async () => {
    await expect(ask({ url: httpUrl('redirect') })).rejects.toMatchObject({ kind: 'unavailable' })
  })

  test('says that a repository is not reachable', async () => {
    await expect(ask({ url: 'http://127.0.0.1:1/none' })).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('cannot read http://127.0.0.1:1/none'),
    })
  })

  test('gives up on a host that hangs, and on the caller giving up', async () => {
    const question = { url: httpUrl('hang'), ref: '', commit: '', path: '' }
    await expect(source({ timeoutMs: 300 }).read(question)).rejects.toMatchObject({
      kind: 'timeout',
    })
    const stop = new AbortController()
    const reading = source().read(question, stop.signal)
    stop.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
  })

  test('refuses private hosts where they are not allowed, and metadata addresses always', async () => {
    const strict = source({ allowPrivateHosts: false })
    const question = { url: httpUrl('hello'), ref: '', commit: '', path: '' }
    await expect(strict.read(question)).rejects.toMatchObject({ code: 'git_host' })
    for (const host of ['169.254.169.254', '[::ffff:169.254.169.254]', '[fe80::1]', '0.0.0.0'])
      await expect(ask({ url: `http://${host}/x` })).rejects.toMatchObject({ code: 'git_host' })
  })
})
