import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Engine, type Given, type Spec, scaledTimers, silentLogger } from '@waggle/domain'
import { type CompileSettings, defaultCompileSettings } from '@waggle/pipeline'
import { runNamed, startDocker, type TestDocker, testImages, waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileDocker } from './compile-docker.ts'
import { createDockerEngine } from './docker-engine.ts'
import { EngineClient } from './engine-client.ts'
import { addProgram, type ImageFiles, tarOf } from './image-files.ts'
import { importImage } from './import-image.ts'

const plain = JSON.parse(
  readFileSync(join(import.meta.dirname, '../testdata/given.json'), 'utf8'),
) as Given

const installation = `t${process.pid}f51`
const tools = 'waggle-test/debug:1'
const broken = 'waggle-test/debug:broken'
const slow = 'waggle-test/debug:slow'
const endless = 'waggle-test/debug:endless'
const server = {
  ...{ host: 'tmate.example', port: '2200', fingerprintRsa: 'SHA256:rsa' },
  ...{ fingerprintEd25519: 'SHA256:ed', authorizedKeys: 'ssh-ed25519 AAAA ana' },
}

/** In the place of tmate: tells what it was told, as tmate prints the address, and stays until somebody leaves. */
const tmate = `#!/bin/sh
echo "arguments $*"
cat "$HOME/.tmate.conf" "$HOME/.tmate.authorized_keys"
echo "ssh session: ssh token@tmate.example"
touch /drone/src/joined
while [ ! -e /drone/src/left ]; do sleep 0.05; done
exit 9
`

let docker: TestDocker
let engine: Engine
let client: EngineClient

beforeAll(async () => {
  docker = await startDocker()
  await testImages(docker.socket)
  engine = createDockerEngine({ socketPath: docker.socket, log: silentLogger })
  client = new EngineClient(docker.socket)
  const copy = '#!/bin/sh\n[ "$1" = copy ] || exit 1\ncp /bin/tmate /usr/drone/bin/tmate\n'
  await makeTools(tools, copy)
  await makeTools(broken, '#!/bin/sh\nexit 5\n')
  await makeTools(slow, copy.replace('cp ', 'sleep 1\ncp '))
  await makeTools(endless, '#!/bin/sh\nwhile :; do sleep 1; done\n')
}, 120_000)

afterAll(async () => {
  for (const image of [tools, broken, slow, endless])
    await client?.call('DELETE', `/images/${image}`, { query: { force: 'true' } })
  await engine?.close()
  client?.close()
  await docker?.stop()
})

/** In the place of the image that brings tmate. */
const makeTools = async (image: string, program: string): Promise<void> => {
  const files: ImageFiles = new Map()
  for (const folder of ['bin', 'usr', 'usr/drone', 'usr/drone/bin'])
    files.set(folder, { kind: 'folder', mode: 0o755 })
  await addProgram(files, '/bin/busybox', 'bin/busybox')
  for (const name of ['sh', 'cp', 'sleep'])
    files.set(`bin/${name}`, { kind: 'link', target: 'busybox' })
  files.set('bin/drone-runner-docker', { kind: 'text', text: program, mode: 0o755 })
  files.set('bin/tmate', { kind: 'text', text: tmate, mode: 0o755 })
  await importImage(client, image, tarOf(files), [])
}

let stages = 0
const compile = (steps: string, settings: Partial<CompileSettings>) => {
  const manifest = `kind: pipeline\nname: default\nclone: { disable: true }\nsteps: [${steps}]\n`
  const given: Given = {
    ...plain,
    ...{ installation, manifest },
    build: { ...plain.build, debug: true },
    stage: { ...plain.stage, id: ++stages },
  }
  const result = compileDocker(given, { ...defaultCompileSettings, tmate: server, ...settings })
  if (result.kind === 'error') throw new Error(result.message)
  return result.spec
}

const failing =
  '{name: a, image: waggle/busybox:1, commands: ["echo work", "(exit 3)", "echo never"]}'
const colleague =
  '{name: b, image: waggle/busybox:1, commands: ["until [ -e joined ]; do sleep 0.05; done", "touch left"]}'

/** The container of the internal step. */
const broughtBy = (spec: Spec) =>
  client.call<{ Created: string; State: { Running: boolean; ExitCode: number } }>(
    'GET',
    `/containers/${spec.internal?.[0]?.id}-1/json`,
  )

describe('F51 a failing step of a debug build', () => {
  it('waits for whoever joins it, and keeps its exit code', async () => {
    const spec = compile(`${failing}, ${colleague}`, { debugImage: tools })
    await engine.setup(spec)
    try {
      const [a, b] = await Promise.all([runNamed(engine, spec, 'a'), runNamed(engine, spec, 'b')])
      expect(a.text.split('\n')).toEqual([
        ...['+ echo work', 'work', '+ (exit 3)'],
        'failed with exit code 3: a debug session opens, and the step waits for its end',
        'arguments -F',
        'set -g tmate-server-host "tmate.example"',
        'set -g tmate-server-port 2200',
        'set -g tmate-server-rsa-fingerprint "SHA256:rsa"',
        'set -g tmate-server-ed25519-fingerprint "SHA256:ed"',
        'set -g tmate-authorized-keys "/root/.tmate.authorized_keys"',
        ...['ssh-ed25519 AAAA ana', 'ssh session: ssh token@tmate.example', ''],
      ])
      expect([a.code, b.code]).toEqual([3, 0])
      expect(b.text).not.toContain('debug session')
    } finally {
      await engine.destroy(spec)
    }
  })

  it('finds the program that was brought before its worker was restarted', async () => {
    const spec = compile(failing, { debugImage: tools })
    const created = () => broughtBy(spec)
    await engine.setup(spec)
    try {
      const before = await created()
      await engine.setup(spec)
      expect((await created()).Created).toBe(before.Created)
    } finally {
      await engine.destroy(spec)
    }
    await expect(created()).rejects.toMatchObject({ kind: 'not_found' })
  })

  it('ends the set-up in words where the program cannot be brought', async () => {
    const spec = compile(failing, { debugImage: broken })
    try {
      for (let again = 0; again < 2; again++)
        await expect(engine.setup(spec)).rejects.toThrow(
          'the stage cannot be set up: debug ended with exit code 5',
        )
    } finally {
      await engine.destroy(spec)
    }
  })

  it('breaks off what brings the program after its time, in words', async () => {
    const spec = compile(failing, { debugImage: endless })
    const timers = scaledTimers(0.02)
    const hurried = createDockerEngine({ socketPath: docker.socket, log: silentLogger, timers })
    try {
      await expect(hurried.setup(spec)).rejects.toThrow(
        'the stage cannot be set up: debug did not end within 1.2 s',
      )
      expect((await broughtBy(spec)).State.Running).toBe(false)
    } finally {
      await hurried.destroy(spec)
      await hurried.close()
    }
  })

  it('is brought to its end where the stage is cancelled meanwhile', async () => {
    const spec = compile(failing, { debugImage: slow })
    const cancel = new AbortController()
    try {
      const ready = engine.setup(spec, cancel.signal)
      await waitUntil('the container', async () => (await broughtBy(spec)).State.Running)
      cancel.abort()
      await ready
      expect((await broughtBy(spec)).State).toMatchObject({ Running: false, ExitCode: 0 })
    } finally {
      await engine.destroy(spec)
    }
  })

  it('gets none from a worker without sessions, and says so', async () => {
    const spec = compile(failing, {})
    await engine.setup(spec)
    try {
      const { text, code } = await runNamed(engine, spec, 'a')
      expect(text).toContain('no debug session: this worker offers none\n')
      expect(code).toBe(3)
    } finally {
      await engine.destroy(spec)
    }
  })
})
