import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { freePort, tempFolder, waitUntil } from '@waggle/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { dockerSocket } from '../harness/start-system.ts'

const root = resolve(import.meta.dirname, '../..')

const startUp = (args: readonly string[], data: string) => {
  const child = spawn(join(root, 'waggle'), ['up', '--data', data, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  const note = (bytes: Buffer) => {
    text += bytes.toString('utf8')
  }
  child.stdout.on('data', note)
  child.stderr.on('data', note)
  const exited = new Promise<number | null>((done) => child.once('close', done))
  return { child, exited, text: () => text }
}

describe('point 1: waggle up', () => {
  const folders: { remove(): Promise<void> }[] = []
  afterEach(async () => {
    for (const folder of folders.splice(0)) await folder.remove()
  })

  const newFolder = async () => {
    const folder = await tempFolder('up')
    folders.push(folder)
    return folder.path
  }

  it.each([
    { engine: 'docker', only: [/demo\/clone success/, /\[test\] hello from the service\n/] },
    { engine: 'exec', only: [] },
  ])('shows a green demo build with the $engine engine and ends', async ({ engine, only }) => {
    const data = await newFolder()
    const port = await freePort()
    const up = startUp(
      ['--once', '--engine', engine, '--port', String(port), '--socket', dockerSocket()],
      data,
    )
    const code = await up.exited
    const text = up.text()
    expect(text).toMatch(/build 1 of demo\/hello, from file:.*\/demo\/hello\n/)
    expect(text).toMatch(/\[build\] building demo\/hello at [0-9a-f]{8}\n/)
    // What the first step wrote, and the second read.
    expect(text).toMatch(/\[test\] (.* )?bee\b/)
    expect(text).toMatch(/demo\/build success/)
    expect(text).toMatch(/demo\/test success/)
    for (const line of only) expect(text).toMatch(line)
    // Lines come while the build runs, not at its end.
    expect(text.indexOf('[build] building')).toBeLessThan(text.indexOf('demo/test success'))
    expect(code).toBe(0)
  })

  it('keeps its data, and Ctrl-C stops everything', async () => {
    const data = await newFolder()
    const port = await freePort()
    const args = ['--engine', 'exec', '--port', String(port)]
    const first = startUp(args, data)
    await waitUntil('the first one to stay', () => first.text().includes('Where to go on'), 120_000)
    const token = await waitUntil('a token', async () => {
      const { readFile } = await import('node:fs/promises')
      return (await readFile(join(data, 'admin-token'), 'utf8')).trim()
    })
    const other = startUp(['--once', ...args], data)
    expect(await other.exited).not.toBe(0)
    expect(other.text()).toMatch(/waggle up runs on .* already \(process \d+\); stop it first/)
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
    first.child.kill('SIGINT')
    expect(await first.exited).toBe(0)
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow()

    const second = startUp([...args, '--no-demo'], data)
    await waitUntil(
      'the second one to stay',
      () => second.text().includes('Where to go on'),
      120_000,
    )
    const answer = await fetch(`http://127.0.0.1:${port}/api/repos/demo/hello/builds/1`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(((await answer.json()) as { status: string }).status).toBe('success')
    second.child.kill('SIGTERM')
    expect(await second.exited).toBe(0)
  })

  it('ends what a killed one left, and goes on with its data', async () => {
    const data = await newFolder()
    const port = await freePort()
    const args = ['--engine', 'exec', '--port', String(port), '--no-demo']
    const first = startUp(args, data)
    await waitUntil('the first one to stay', () => first.text().includes('Where to go on'), 60_000)
    first.child.kill('SIGKILL')
    await first.exited
    // Its parts live on: they are sessions of their own.
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
    const second = startUp(args, data)
    await waitUntil('the next one to stay', () => second.text().includes('Where to go on'), 60_000)
    expect(second.text()).toContain('ended 3 processes that an earlier start left')
    expect(second.text()).toContain(`Waggle answers at http://127.0.0.1:${port}`)
    second.child.kill('SIGINT')
    expect(await second.exited).toBe(0)
  })

  it('says so, in one sentence, where no container engine answers', async () => {
    const data = await newFolder()
    const up = startUp(
      ['--once', '--port', String(await freePort()), '--socket', join(data, 'nothing.sock')],
      data,
    )
    expect(await up.exited).toBe(0)
    expect(up.text()).toMatch(/no container engine at .*: builds run as processes of this machine/)
  })
})
