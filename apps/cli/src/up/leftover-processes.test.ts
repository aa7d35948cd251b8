import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempFolder } from '@waggle/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  endLeftovers,
  forgetProcessIds,
  keepProcessIds,
  runningOwner,
} from './leftover-processes.ts'

interface Noted {
  owner: { id: number; started: string }
  parts: { id: number; started: string }[]
}

describe('processes that an up noted', () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>
  let path: string
  let child: ChildProcess
  let exited: Promise<NodeJS.Signals | null>
  beforeEach(async () => {
    folder = await tempFolder('leftovers')
    path = join(folder.path, 'processes.json')
    child = spawn('sleep', ['300'])
    exited = new Promise((done) => child.once('exit', (_, signal) => done(signal)))
    await new Promise((done) => child.once('spawn', done))
  })
  afterEach(async () => {
    child.kill('SIGKILL')
    await exited
    await folder.remove()
  })

  const change = (edit: (noted: Noted) => void): void => {
    const noted = JSON.parse(readFileSync(path, 'utf8')) as Noted
    edit(noted)
    writeFileSync(path, JSON.stringify(noted))
  }

  it('are ended by the next one where the up was killed', async () => {
    await keepProcessIds(path, [child.pid ?? 0])
    expect(await endLeftovers(path)).toBe(1)
    expect(await exited).toBe('SIGTERM')
    expect(await endLeftovers(path)).toBe(0)
  })

  it('are left alone where their id belongs to a later process', async () => {
    await keepProcessIds(path, [child.pid ?? 0])
    change((noted) => {
      for (const part of noted.parts) part.started = '1'
    })
    expect(await endLeftovers(path)).toBe(0)
    expect(child.signalCode).toBeNull()
  })

  it('tell that another up runs, and only while it does', async () => {
    await keepProcessIds(path, [])
    expect(runningOwner(path)).toBeNull() // this very process
    await keepProcessIds(path, [child.pid ?? 0])
    change((noted) => {
      const [part] = noted.parts
      if (part) noted.owner = part
    })
    expect(runningOwner(path)).toBe(child.pid)
    child.kill('SIGKILL')
    await exited
    expect(runningOwner(path)).toBeNull()
  })

  it.each(['', 'x', '[]', 'null', '{"owner":7,"parts":[null,{"id":1,"started":"1"}]}'])(
    'are none in a file that holds %j',
    async (text) => {
      writeFileSync(path, text)
      expect(runningOwner(path)).toBeNull()
      expect(await endLeftovers(path)).toBe(0)
    },
  )

  it('are none without a file', async () => {
    await forgetProcessIds(path)
    expect(runningOwner(path)).toBeNull()
    expect(await endLeftovers(path)).toBe(0)
  })
})
