import { Buffer } from 'node:buffer'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Engine, isWaggleError, type Spec, silentLogger } from '@waggle/domain'
import {
  describeEngine,
  type EngineCaseStep,
  makeSpec,
  tempFolder,
  waitUntil,
} from '@waggle/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { createExecEngine } from './exec-engine.ts'

const temp = await tempFolder('exec')
const root = join(temp.path, 'stages')
const openEngine = (): Engine => createExecEngine({ root, log: silentLogger })

afterAll(() => temp.remove())

/** A spec as compile makes it for this engine. */
const makeStage = (
  steps: readonly EngineCaseStep[],
  more: { readonly installation: string; readonly stage: number },
): Spec => {
  const id = `waggle-${more.installation}-${more.stage}-1`
  const folder = join(root, id)
  const labels = {
    'io.waggle.installation': more.installation,
    'io.waggle.stage': `${more.stage}`,
    'io.waggle.attempt': '1',
  }
  return makeSpec(
    steps.map((step) => ({
      workingDir: join(folder, 'drone', 'src'),
      entrypoint: ['/bin/sh', '-e'],
      command: [join(folder, 'opt', step.name)],
      ...step,
      environment: { PATH: '/usr/bin:/bin', ...step.environment },
      labels,
    })),
    { root: folder, network: { id, labels, options: {} } },
  )
}

describeEngine('exec', async () => openEngine(), {
  makeStage,
  unstartable: { workingDir: '/nowhere/at/all' },
})

describe('the exec engine', () => {
  const engine = openEngine()
  let stage = 0

  /** Runs the steps one after the other in a stage of their own; gives their output. */
  const inStage = async (
    steps: readonly EngineCaseStep[],
    check?: (spec: Spec, outputs: readonly string[]) => Promise<void> | void,
  ): Promise<readonly string[]> => {
    const spec = makeStage(steps, { installation: 'own', stage: ++stage })
    await engine.setup(spec)
    const outputs: string[] = []
    try {
      for (const step of spec.steps) {
        const parts: Buffer[] = []
        await engine.run(spec, step, {
          output: { write: (bytes) => void parts.push(Buffer.from(bytes)) },
          try: 1,
          environment: {},
          killGraceMs: 1000,
          signal: new AbortController().signal,
        })
        outputs.push(Buffer.concat(parts).toString())
      }
      await check?.(spec, outputs)
      return outputs
    } finally {
      await engine.destroy(spec)
    }
  }

  it('keeps the order of both streams', async () => {
    const script = 'for i in 1 2 3; do echo out $i; echo err $i >&2; done'
    expect(await inStage([{ name: 'one', script }])).toEqual([
      'out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n',
    ])
  })

  it('loses nothing when a step opens its streams anew', async () => {
    const script = 'echo one; echo two > /dev/stderr; echo three > /dev/stdout; echo four'
    expect(await inStage([{ name: 'one', script }])).toEqual(['one\ntwo\nthree\nfour\n'])
  })

  it('gives what was printed before a step killed everything around itself', async () => {
    const spec = makeStage([{ name: 'one', script: 'echo before; kill -9 0' }], {
      installation: 'own',
      stage: ++stage,
    })
    await engine.setup(spec)
    const parts: Buffer[] = []
    const exit = await engine.run(spec, spec.steps[0]!, {
      output: { write: (bytes) => void parts.push(Buffer.from(bytes)) },
      try: 1,
      environment: {},
      killGraceMs: 0,
      signal: new AbortController().signal,
    })
    await engine.destroy(spec)
    expect(exit.code).toBe(137)
    expect(Buffer.concat(parts).toString()).toBe('before\n')
  })

  it('gives a step nothing of its own environment', async () => {
    const [output = ''] = await inStage([
      { name: 'one', script: '/usr/bin/env', environment: { A: '1' } },
    ])
    const names = output
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0])
    // The shell itself adds some.
    const ofShell = ['PWD', 'OLDPWD', 'SHLVL', '_']
    expect(names.filter((name) => !ofShell.includes(name ?? '')).toSorted(byText)).toEqual([
      'A',
      'HOME',
      'PATH',
    ])
  })

  it('writes the credentials for git to a file that only the step’s user reads', async () => {
    const line = 'machine git.example login bee password honey'
    const step = { name: 'one', script: 'cat ~/.netrc; env | grep -c NETRC || true' }
    const outputs = await inStage(
      [{ ...step, environment: { DRONE_NETRC_FILE: line } }],
      async (spec) => {
        const file = await stat(join(spec.root, 'home', 'drone', '.netrc'))
        expect(file.mode & 0o777).toBe(0o600)
        expect((await stat(spec.root)).mode & 0o777).toBe(0o700)
      },
    )
    expect(outputs).toEqual([`${line}\n0\n`])
  })

  it('leaves no credentials for git to a step that is given none', async () => {
    const script = 'test -e ~/.netrc && echo there || echo gone'
    const environment = { DRONE_NETRC_FILE: 'machine git.example login bee password honey' }
    const outputs = await inStage([
      { name: 'clone', script, environment },
      { name: 'later', script, environment },
      { name: 'without', script },
      { name: 'writes', script: 'echo own > ~/.netrc' },
      { name: 'reads', script: 'cat ~/.netrc' },
    ])
    expect(outputs).toEqual(['there\n', 'there\n', 'gone\n', '', 'own\n'])
  })

  it('notes exit code and output in files that outlive the worker', async () => {
    await inStage([{ name: 'one', script: 'echo kept; exit 5' }], async (spec) => {
      expect(await readFile(join(spec.root, 'run', '1-1', 'exit-code'), 'utf8')).toBe('5\n')
      expect(await readFile(join(spec.root, 'run', '1-1', 'output'), 'utf8')).toMatch(/^kept\n/)
    })
  })

  it('starts a try of a step only once', async () => {
    await inStage([{ name: 'one', script: 'true' }], async (spec) => {
      const again = engine.run(spec, spec.steps[0]!, {
        output: { write: () => undefined },
        try: 1,
        environment: {},
        killGraceMs: 0,
        signal: new AbortController().signal,
      })
      await expect(again).rejects.toSatisfy((error) => isWaggleError(error, 'conflict'))
    })
  })

  it('does not wait for what a step left in the background, and kills it with the stage', async () => {
    const script = `sleep 600 & echo $! > pids
      setsid sleep 600 & echo $! >> pids
      (while :; do echo noise; sleep 0.01; done) & echo $! >> pids
      echo done`
    let pids: number[] = []
    await inStage([{ name: 'one', script }], async (spec, [output]) => {
      expect(output).toContain('done\n')
      const text = await readFile(join(spec.root, 'drone', 'src', 'pids'), 'utf8')
      pids = text.trim().split('\n').map(Number)
      expect(pids.every(isAlive)).toBe(true)
    })
    await waitUntil('the end of what was left', () => !pids.some(isAlive))
    expect(pids).toHaveLength(3)
  })

  it('removes folders that the step made read-only', async () => {
    await inStage([{ name: 'one', script: 'mkdir -p a/b; touch a/b/c; chmod -R a-w a' }])
    expect(await engine.leftovers('own')).toEqual([])
  })

  it('removes nothing outside of its own folder', async () => {
    const outside = join(temp.path, 'outside')
    await mkdir(outside)
    await writeFile(join(outside, 'file'), 'precious')
    const script = `ln -s ${outside} link`
    await inStage([{ name: 'one', script }])
    const spec = makeStage([{ name: 'one', script: 'true' }], { installation: 'own', stage: 999 })
    for (const bad of ['', '/', root, `${root}/`, `${root}/../outside`, outside])
      await expect(engine.destroy({ ...spec, root: bad })).rejects.toSatisfy((error) =>
        isWaggleError(error, 'invalid'),
      )
    expect(existsSync(join(outside, 'file'))).toBe(true)
  })

  it('says what is wrong with an environment that is too large', async () => {
    const environment = { BIG: 'x'.repeat(3_000_000) }
    await expect(inStage([{ name: 'one', script: 'true', environment }])).rejects.toThrow(
      'its environment is too large',
    )
  })

  it('reads 100 MB with flat memory', async () => {
    const spec = makeStage([{ name: 'one', script: 'yes 0123456789abcde | head -c 100000000' }], {
      installation: 'own',
      stage: ++stage,
    })
    await engine.setup(spec)
    let bytes = 0
    const before = process.memoryUsage().rss
    await engine.run(spec, spec.steps[0]!, {
      output: {
        write: (chunk) => {
          bytes += chunk.length
        },
      },
      try: 1,
      environment: {},
      killGraceMs: 0,
      signal: new AbortController().signal,
    })
    await engine.destroy(spec)
    expect(bytes).toBe(100_000_000)
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
  })
})

const byText = (a = '', b = ''): number => a.localeCompare(b)

/** A dead process that its parent has not asked about yet (state Z) is dead. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}
