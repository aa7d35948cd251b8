import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempFolder, waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface Run {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

const main = join(import.meta.dirname, 'main.ts')
let folder: Awaited<ReturnType<typeof tempFolder>>

const start = (args: readonly string[], environment: Record<string, string> = {}) => {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folder.path,
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: folder.path,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (bytes) => {
    out += String(bytes)
  })
  child.stderr.on('data', (bytes) => {
    err += String(bytes)
  })
  const done = new Promise<Run>((resolve) =>
    child.once('close', (code) => resolve({ code, out, err })),
  )
  return { child, done, seen: () => out }
}

const waggle = (args: readonly string[], environment?: Record<string, string>): Promise<Run> =>
  start(args, environment).done

const file = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder.path, name), text)
  return name
}

const twoSteps = `
kind: pipeline
type: exec
name: default
steps:
  - name: write
    commands:
      - echo "from the first step" > made.txt
      - echo token is $TOKEN
    environment:
      TOKEN: { from_secret: token }
  - name: read
    commands: [cat made.txt]
`

describe('waggle', () => {
  beforeAll(async () => {
    folder = await tempFolder('cli')
  })
  afterAll(() => folder.remove())

  it.each([
    [['--help'], 'Exit codes'],
    [['up', '--help'], 'waggle up --port'],
    [['api', '--help'], 'WAGGLE_DATABASE_URL'],
    [['worker', '--help'], 'WAGGLE_WORKER_SECRET'],
    [['test', '--help'], '--project'],
    [['build', '--help'], 'build create'],
    [['build', 'create', '--help'], '--param'],
    [['build', 'ls', '--help'], '--limit'],
    [['build', 'info', '--help'], 'waggle build info'],
    [['build', 'logs', '--help'], '--follow'],
    [['build', 'stop', '--help'], 'waggle build stop'],
    [['exec', '--help'], '--secret-file'],
    [['compile', '--help'], 'waggle compile'],
  ])('shows help with an example for %j', async (args, part) => {
    const run = await waggle(args)
    expect(run.code).toBe(0)
    expect(run.out).toContain(part)
    expect(run.out).toContain('Example')
  })

  it.each([
    ['an unknown command', ['bild'], 2],
    ['a missing argument', ['build', 'ls'], 2],
    ['a number that is none', ['build', 'info', 'a/b', 'x'], 2],
    ['a name that is no repository', ['build', 'ls', 'justone'], 2],
    ['a file that is not there', ['exec', 'missing.yml'], 4],
    ['a server that is not there', ['build', 'ls', 'a/b', '--server', 'http://127.0.0.1:9'], 6],
  ])('exits with its code on %s', async (_, args, code) => {
    const run = await waggle(args)
    expect(run.code).toBe(code)
    expect(run.err).not.toBe('')
    expect(run.err).not.toContain('    at ')
  })

  describe('exec', () => {
    it('runs a pipeline on the folder, masks secrets, and passes', async () => {
      const name = await file('two.yml', twoSteps)
      await file('secrets.env', '# a comment\ntoken="very secret"\n')
      const run = await waggle(['exec', name, '--secret-file', 'secrets.env'])
      expect(run.out).toContain('[read] from the first step')
      expect(run.out).toContain('[write] token is ******')
      expect(run.out).toContain('pipeline default: success')
      expect(run.code).toBe(0)
    })

    it('tells a failed pipeline by its exit code, and runs what is for failures', async () => {
      const name = await file(
        'fail.yml',
        `
kind: pipeline
type: exec
name: default
steps:
  - { name: bad, commands: [exit 3] }
  - { name: never, commands: [echo never] }
  - { name: clean, commands: ['echo cleaning after $DRONE_STAGE_STATUS'], when: { status: [failure] } }
`,
      )
      const run = await waggle(['exec', name])
      expect(run.code).toBe(1)
      expect(run.out).toContain('default/bad failure (exit 3)')
      expect(run.out).toContain('default/never skipped')
      expect(run.out).toContain('[clean] cleaning after failure')
    })

    it('leaves out what is excluded and what is not included', async () => {
      const name = await file('two.yml', twoSteps)
      await file('made.txt', 'from before\n')
      const run = await waggle(['exec', name, '--include', 'read'])
      expect(run.out).toContain('[read] from before')
      expect(run.out).not.toContain('write')
      const other = await waggle(['exec', name, '--exclude', 'read'])
      expect(other.out).toContain('[write]')
      expect(other.out).not.toContain('[read]')
    })

    it('ends its steps at Ctrl-C', async () => {
      const name = await file(
        'long.yml',
        `
kind: pipeline
type: exec
name: default
steps:
  - { name: long, commands: [echo started, sleep 300] }
`,
      )
      const run = start(['exec', name])
      await waitUntil('the step to start', () => run.seen().includes('[long] started'))
      run.child.kill('SIGINT')
      const { code, out } = await run.done
      expect(code).toBe(130)
      expect(out).toContain('pipeline default: killed')
    })

    it('names every mistake of a file with its place', async () => {
      const name = await file('bad.yml', 'kind: pipeline\nname: [1]\nsteps: 7\n')
      const run = await waggle(['exec', name])
      expect(run.code).toBe(2)
      expect(run.err).toMatch(/line 2.*\n.*line 3/)
    })

    it('asks which pipeline where there are several', async () => {
      const name = await file(
        'several.yml',
        `${twoSteps}\n---\n${twoSteps.replace('default', 'b')}`,
      )
      const run = await waggle(['exec', name])
      expect(run.code).toBe(2)
      expect(run.err).toContain('--pipeline')
      expect((await waggle(['exec', name, '--pipeline', 'b', '--exclude', 'write'])).out).toContain(
        'pipeline b: success',
      )
    })
  })

  describe('compile', () => {
    it('prints the same spec each time, as JSON', async () => {
      const name = await file('two.yml', twoSteps)
      const first = await waggle(['compile', name])
      expect(first.code).toBe(0)
      const names = (run: Run) =>
        (JSON.parse(run.out) as { steps: { id: string; name: string }[] }).steps.map(
          (step) => `${step.id} ${step.name}`,
        )
      expect(names(first).some((text) => text.endsWith(' write'))).toBe(true)
      expect(names(await waggle(['compile', name]))).toEqual(names(first))
    })
  })
})
