import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeRepository } from '../harness/make-repository.ts'
import { oneStep, pipelineText } from '../harness/pipeline-text.ts'
import { startWaggle } from '../harness/run-waggle.ts'
import { dockerSocket, type System, startSystem } from '../harness/start-system.ts'

const escapeByte = String.fromCharCode(27)

describe('point 8: the command line', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({ database: 'sqlite', workers: 1 })
  })
  afterAll(() => system?.stop())

  const start = (args: readonly string[], isTerminal = false) =>
    startWaggle(args, {
      folder: system.folder,
      isTerminal,
      settings: {
        HOME: system.folder,
        WAGGLE_SERVER_URL: system.client.server,
        WAGGLE_TOKEN: system.token,
      },
    })
  const waggle = (...args: readonly string[]) => start(args).done

  /** Writes a pipeline file and gives its name. */
  const file = (name: string, text: string): string => {
    writeFileSync(join(system.folder, name), text)
    return name
  }

  it.each([
    [['up']],
    [['api']],
    [['worker']],
    [['test']],
    [['bench']],
    [['user', 'add']],
    [['member', 'set']],
    [['build']],
    [['build', 'create']],
    [['build', 'ls']],
    [['build', 'info']],
    [['build', 'logs']],
    [['build', 'stop']],
    [['exec']],
    [['compile']],
    [['convert']],
    [['lint']],
    [['plan']],
    [['sign']],
  ])('explains %j with --help and an example', async (args) => {
    const run = await waggle(...args, '--help')
    expect(run.code).toBe(0)
    expect(run.out).toContain(`waggle ${args.join(' ')}`)
    expect(run.out).toContain('Example')
  })

  it('makes users, lets them into a repository and takes it away again', async () => {
    const registered = { slug: 'acme/members', git_http_url: 'https://git.example/acme/m.git' }
    await system.client.call('POST', '/api/repos', registered)
    expect((await waggle('member', 'ls', 'acme/members')).out).toBe('nobody but system admins\n')
    const added = await waggle('user', 'add', 'Ann')
    expect(added.code).toBe(0)
    const token = /token (\S+)/.exec(added.out)?.[1] ?? ''
    const asAnn = (...args: readonly string[]) => waggle(...args, '--token', token)
    expect((await waggle('user', 'add', 'ann')).code).toBe(5)
    expect((await asAnn('build', 'ls', 'acme/members')).code).toBe(4)
    expect((await waggle('member', 'set', 'acme/members', 'ann', 'read')).out).toBe(
      'ann may read acme/members\n',
    )
    expect((await asAnn('build', 'ls', 'acme/members')).code).toBe(0)
    expect((await waggle('member', 'ls', 'acme/members')).out).toMatch(/Ann +read/)
    expect((await waggle('member', 'rm', 'acme/members', 'Ann')).code).toBe(0)
    expect((await asAnn('build', 'ls', 'acme/members')).code).toBe(4)
    expect((await waggle('user', 'update', 'ann', '--admin')).out).toContain('system admin')
    expect((await asAnn('user', 'ls')).out).toContain('Ann')
    const fresh = /token (\S+)/.exec((await waggle('user', 'token', 'ann')).out)?.[1]
    expect(fresh).not.toBe(token)
    expect((await asAnn('user', 'ls')).code).toBe(3)
    expect((await waggle('user', 'rm', 'ann')).out).toBe('user ann deleted\n')
    expect((await waggle('user', 'info', 'ann')).code).toBe(4)
  })

  it('names every command in its own help', async () => {
    const run = await waggle('--help')
    expect(run.code).toBe(0)
    for (const name of ['up', 'test', 'bench', 'api', 'worker', 'build', 'exec', 'compile'])
      expect(run.out).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'))
  })

  it('creates a build of a git repository and follows it to its end, in plain lines', async () => {
    const repository = makeRepository(system.folder, 'cli', { 'story.txt': 'told once\n' })
    const name = file('git.yml', oneStep(['cat story.txt', 'echo "$colour"'], { clone: true }))
    const args = ['build', 'create', 'test/cli', '--file', name, '--git', repository.url]
    const more = ['--ref', 'main', '--param', 'colour=green', '--follow']
    const run = await waggle(...args, ...more)
    expect(run.code).toBe(0)
    expect(run.out).toMatch(/^build 1 of test\/cli: \w+$/m)
    expect(run.out).toContain('[only] told once\n')
    expect(run.out).toContain('[only] green\n')
    expect(run.out).toMatch(/default\/clone success/)
    expect(run.out).toMatch(/default success/)
    expect(run.out).not.toContain(escapeByte)
  })

  it('shows a live view on a terminal', async () => {
    const name = file('view.yml', oneStep(['echo one of the lines', 'sleep 1']))
    const run = await start(['build', 'create', 'test/cli', '--file', name, '--follow'], true).done
    expect(run.code).toBe(0)
    expect(run.out).toContain(`${escapeByte}[`)
    expect(run.out).toContain('one of the lines')
    expect(run.out).toContain('success')
  })

  it('lists builds, shows one with its steps, and prints its lines', async () => {
    const text = pipelineText([
      { name: 'first', commands: ['echo from first'] },
      { name: 'second', commands: ['echo from second'] },
    ])
    const slug = 'test/shown'
    const { number } = await system.client.submit(text, { repository: slug })
    await system.client.ended(number, 60_000, slug)

    const list = await waggle('build', 'ls', slug)
    expect(list.code).toBe(0)
    expect(list.out).toMatch(/^#\s+STATUS/)
    expect(list.out).toMatch(new RegExp(`^${number}\\s+success`, 'm'))
    const listed = JSON.parse((await waggle('build', 'ls', slug, '--json')).out) as unknown[]
    expect(listed).toHaveLength(1)

    const info = await waggle('build', 'info', slug, String(number))
    expect(info.code).toBe(0)
    expect(info.out).toMatch(/1 first success/)
    expect(info.out).toMatch(/2 second success/)

    const all = await waggle('build', 'logs', slug, String(number))
    expect(all.out).toContain('from first')
    expect(all.out).toContain('from second')
    const one = await waggle('build', 'logs', slug, String(number), 'default', 'second')
    expect(one.code).toBe(0)
    expect(one.out).toContain('from second')
    expect(one.out).not.toContain('from first')
    const followed = await waggle('build', 'logs', slug, String(number), '--follow')
    expect(followed.code).toBe(0)
    expect(followed.out).toContain('from second')
  })

  it('stops a running build', async () => {
    const { number } = await system.client.submit(oneStep(['sleep 300']))
    await waitUntil('the step to run', async () => {
      const build = await system.client.build(number)
      return build.stages?.[0]?.steps?.[0]?.status === 'running'
    })
    const run = await waggle('build', 'stop', 'test/app', String(number))
    expect(run.code).toBe(0)
    expect(run.out).toContain(`build ${number} of test/app: killed`)
    expect((await system.client.build(number)).status).toBe('killed')
  })

  it('runs a pipeline file without a server', async () => {
    const name = file('local.yml', oneStep(['echo "runs here"'], { type: 'exec' }))
    const run = await startWaggle(['exec', name], { folder: system.folder }).done
    expect(run.code).toBe(0)
    expect(run.out).toContain('[only] runs here')
  })

  it('runs a docker pipeline file without a server', async () => {
    const name = file('docker.yml', oneStep(['cat view.yml']))
    file('view.yml', 'the folder is the workspace\n')
    const run = await startWaggle(['exec', name], {
      folder: system.folder,
      settings: { WAGGLE_DOCKER_SOCKET: dockerSocket(), HOME: system.folder },
    }).done
    expect({ code: run.code, err: run.err }).toEqual({ code: 0, err: '' })
    expect(run.out).toContain('[only] the folder is the workspace')
  })

  it('prints the spec of a file', async () => {
    const name = file('spec.yml', oneStep(['true']))
    const run = await waggle('compile', name)
    expect(run.code).toBe(0)
    const spec = JSON.parse(run.out) as { steps: { name: string }[] }
    expect(spec.steps.map((step) => step.name)).toContain('only')
  })

  describe('tells by its exit code', () => {
    it.each([
      ['a build that failed', ['build', 'create', 'test/cli', '--file', 'bad.yml', '--follow'], 1],
      ['a file with a mistake', ['compile', 'broken.yml'], 2],
      ['an unknown option', ['build', 'ls', 'test/app', '--nothing'], 2],
      ['a token that is not allowed in', ['build', 'ls', 'test/app', '--token', 'nobody'], 3],
      ['a build that is not there', ['build', 'info', 'test/app', '999999'], 4],
      ['a server that is not there', ['build', 'ls', 'a/b', '--server', 'http://127.0.0.1:9'], 6],
    ])('%s', async (_, args, code) => {
      file('bad.yml', oneStep(['exit 3']))
      file('broken.yml', 'kind: pipeline\nsteps: 7\n')
      const run = await waggle(...args)
      expect(run.code).toBe(code)
      expect(run.out + run.err).not.toBe('')
      expect(run.err).not.toContain('    at ')
    })

    it('that it was interrupted, and leaves the build running', async () => {
      const name = file('long.yml', oneStep(['echo begun', 'sleep 300']))
      const run = start(['build', 'create', 'test/long', '--file', name, '--follow'])
      await waitUntil('the first line', () => run.seen().includes('[only] begun'), 60_000)
      run.signal('SIGINT')
      expect((await run.done).code).toBe(130)
      expect((await system.client.build(1, 'test/long')).status).toBe('running')
      expect((await waggle('build', 'stop', 'test/long', '1')).code).toBe(0)
    })
  })

  it('signs a file with the key of its repository, in place of an older signature', async () => {
    const name = file('signed.yml', oneStep(['echo signed']))
    await waggle('build', 'create', 'me/signed', '--file', name)
    const printed = await waggle('sign', 'me/signed', name)
    expect(printed).toMatchObject({ code: 0, out: expect.stringMatching(/^[0-9a-f]{64}\n$/) })
    for (const _ of [1, 2]) {
      expect((await waggle('sign', 'me/signed', name, '--save')).code).toBe(0)
      const text = readFileSync(join(system.folder, name), 'utf8')
      expect(text.match(/kind: signature\nhmac: /g)).toHaveLength(1)
      expect(text).toContain(printed.out.trim())
    }
    expect((await waggle('lint', name)).code).toBe(0)
    expect((await waggle('sign', 'me/nobody', name)).code).toBe(4)
  })
})
