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
    ['an unknown command', ['bild'], 2],
    ['a missing argument', ['build', 'ls'], 2],
    ['an unknown command of worker', ['worker', 'list'], 2],
    ['a number that is none', ['build', 'info', 'a/b', 'x'], 2],
    ['a name that is no repository', ['build', 'ls', 'justone'], 2],
    ['a state that no webhook has', ['webhook', 'calls', '--state', 'lost'], 2],
    ['a right that there is none of', ['member', 'set', 'a/b', 'ann', 'own'], 2],
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

    it('runs all pipelines that the event starts, by their dependencies, or the one that is named', async () => {
      const name = await file(
        'several.yml',
        `${twoSteps}
---
kind: pipeline
type: exec
name: tags
trigger: { event: tag }
steps: [ { name: tagged, commands: [ 'echo tagged $DRONE_TAG' ] } ]
---
kind: pipeline
type: exec
name: last
depends_on: [ default, tags ]
steps: [ { name: after, commands: [ 'echo after $DRONE_STAGE_DEPENDS_ON' ] } ]
`,
      )
      const all = await waggle(['exec', name])
      expect(all.out).toContain('pipeline tags: skipped, trigger.event: push is not in [tag]')
      expect(all.out).toMatch(/pipeline default: success[\s\S]*\[after\] after default/)
      expect(all.code).toBe(0)
      const one = await waggle([
        'exec',
        name,
        '--pipeline',
        'tags',
        '--event',
        'tag',
        '--tag',
        'v1',
      ])
      expect(one.out).toContain('[tagged] tagged v1')
      expect(one.out).not.toContain('pipeline default')
      const none = await waggle(['exec', name, '--pipeline', 'nothing'])
      expect(none.code).toBe(2)
      expect(none.err).toContain('it has: default, tags, last')
    })

    it('runs what is for failures after one, and says that the build failed', async () => {
      const name = await file(
        'after.yml',
        `
kind: pipeline
type: exec
name: bad
steps: [ { name: a, commands: [ exit 1 ] } ]
---
kind: pipeline
type: exec
name: deploy
depends_on: [ bad ]
steps: [ { name: b, commands: [ echo deployed ] } ]
---
kind: pipeline
type: exec
name: tell
depends_on: [ bad ]
trigger: { status: [ failure ] }
steps: [ { name: c, commands: [ 'echo told of $DRONE_FAILED_STAGES' ] } ]
`,
      )
      const run = await waggle(['exec', name])
      expect(run.out).toContain('pipeline deploy: skipped')
      expect(run.out).toContain('[c] told of bad')
      expect(run.out).not.toContain('deployed')
      expect(run.code).toBe(1)
    })

    it('goes on at a step, ends at its timeout, and takes variables from flags', async () => {
      const name = await file(
        'resume.yml',
        `
kind: pipeline
type: exec
name: default
steps:
  - { name: first, commands: [ echo first ] }
  - { name: second, commands: [ 'echo $COLOUR $REGION' ] }
  - { name: third, commands: [ sleep 1000 ] }
`,
      )
      const given = ['--env', 'COLOUR=green', '--param', 'REGION=eu', '--timeout', '1s']
      const run = await waggle(['exec', name, '--resume-at', 'second', ...given])
      expect(run.out).not.toContain('[first]')
      expect(run.out).toContain('[second] green eu')
      expect(run.out).toContain('default/third killed')
      expect(run.code).toBe(1)
    })
  })

  it.each(['lint', 'plan', 'exec'])('%s lets no escape sequence of a file out', async (command) => {
    const name = await file(
      'escape.yml',
      `kind: pipeline
type: exec
name: "red\\e[2J"
steps: [ { name: "a\\e]0;t\\a", commands: [ exit 1 ] } ]
---
kind: pipeline
type: "red\\e[2J"
name: never
trigger: { branch: "\\e[2Jx" }
`,
    )
    for (const text of ['', await file('wrong.yml', 'steps: "\\e[2Jx"\nkind: pipeline\n')]) {
      const run = await waggle([command, text || name])
      expect(run.out + run.err).toContain(text === '' ? 'red' : 'line 1')
      expect(run.out + run.err).not.toContain(`${String.fromCharCode(27)}[2J`)
    }
  })

  describe('lint', () => {
    it('names every mistake with its place and what it ends', async () => {
      const name = await file(
        'lint.yml',
        'kind: pipeline\nsteps:\n- { name: a, image: b, privileged: true }\n- { name: a }\n',
      )
      const run = await waggle(['lint', name])
      expect(run.code).toBe(2)
      expect(run.out).toContain('line 3, column 36: steps[0].privileged: linter: untrusted')
      expect(run.out).toMatch(/line 4, .*duplicate step name.*ends pipeline default only/)
      const json = await waggle(['lint', name, '--trusted', '--json'])
      const codes = (JSON.parse(json.out) as { line: number; ends: string }[]).map(
        (one) => one.line,
      )
      expect(codes).toContain(4)
      expect(codes).not.toContain(3)
    })

    it('does not count a warning', async () => {
      const name = await file('ssh.yml', 'kind: pipeline\ntype: ssh\n')
      const run = await waggle(['lint', name])
      expect(run.code).toBe(0)
      expect(run.out).toContain('(warning)')
    })
  })

  describe('convert', () => {
    it('prints what a program gives for the event, and says what converted it', async () => {
      await file('steps.libsonnet', "{ name: 'made', commands: ['echo made'] }")
      const name = await file(
        'a.jsonnet',
        `local step = import 'steps.libsonnet';
{ kind: 'pipeline', type: 'exec', name: std.extVar('build.event'), steps: [step] }`,
      )
      const run = await waggle(['convert', name, '--event', 'cron'])
      expect(run.code).toBe(0)
      expect(run.out).toMatch(/"?name"?: "?cron/)
      expect(run.err).toContain('converted (jsonnet)')
      expect((await waggle(['exec', name])).out).toContain('[made] made')
    })

    it('says what is wrong with a program', async () => {
      const name = await file('broken.jsonnet', '{ kind: ')
      const run = await waggle(['convert', name])
      expect(run.code).toBe(2)
      expect(run.err).toContain('broken.jsonnet')
    })
  })

  describe('plan', () => {
    const planned = `
kind: pipeline
name: default
steps:
  - name: unit
    image: node
    environment: { TOKEN: { from_secret: token } }
    commands: [ make ]
  - { name: tagged, image: node, commands: [ make ], when: { event: tag } }
`

    it('shows stages, steps, what is skipped and why, and who gets which secret', async () => {
      const name = await file('plan.yml', planned)
      const run = await waggle(['plan', name])
      expect(run.code).toBe(0)
      expect(run.out).toContain('stage 1 default: would start (docker, linux/amd64)')
      expect(run.out).toMatch(/tagged .*skipped .*when.event: push is not in \[tag\]/)
      expect(run.out).toContain('default/unit: token as $TOKEN: unknown')
      const fork = await waggle(['plan', name, '--event', 'pull_request', '--fork', 'x/y'])
      expect(fork.out).toContain('blocked, a pull request of a fork waits for an approval')
    })

    it('prints the same as JSON, and knows the secrets of a file', async () => {
      const name = await file('plan.yml', planned)
      await file('secrets.env', 'token=very secret\n')
      const run = await waggle(['plan', name, '--json', '--secret-file', 'secrets.env'])
      expect(run.out).not.toContain('very secret')
      const shape = JSON.parse(run.out) as { would_build: boolean; stages: unknown[] }
      expect(shape.would_build).toBe(true)
      expect(run.out).toContain('"state": "given"')
    })

    it('exits with 2 on a mistake', async () => {
      const name = await file('wrong.yml', 'kind: pipeline\nsteps: 7\n')
      expect((await waggle(['plan', name])).code).toBe(2)
    })
  })

  describe('compile', () => {
    it('asks which pipeline where there are several', async () => {
      const name = await file('two.yml', twoSteps)
      const several = await file(
        'both.yml',
        `${twoSteps}\n---\n${twoSteps.replace('default', 'b')}`,
      )
      expect((await waggle(['compile', name])).code).toBe(0)
      const run = await waggle(['compile', several])
      expect(run.code).toBe(2)
      expect(run.err).toContain('--stage')
      expect((await waggle(['compile', several, '--stage', 'b'])).out).toContain('"name": "write"')
    })

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
