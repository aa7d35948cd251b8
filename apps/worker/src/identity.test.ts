import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { takeIdentity } from './identity.ts'

const holder = `
  const { takeIdentity } = await import(process.argv[1])
  const identity = await takeIdentity(process.argv[2])
  console.log(JSON.stringify(identity))
  setInterval(() => {}, 1000)
`

let folder: string
const children: ReturnType<typeof spawn>[] = []

const startHolder = async () => {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', holder, new URL('./identity.ts', import.meta.url).href, folder],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  children.push(child)
  const [data] = await once(child.stdout!, 'data')
  return { child, identity: JSON.parse(String(data)) as { folder: string; workerId: string } }
}

describe('takeIdentity', () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waggle-identity-'))
  })
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })

  it('keeps the worker id over a restart and makes a new boot id', async () => {
    const first = await takeIdentity(folder)
    first.release()
    const second = await takeIdentity(folder)
    second.release()
    expect(second.folder).toBe(join(folder, '1'))
    expect(second.workerId).toBe(first.workerId)
    expect(second.bootId).not.toBe(first.bootId)
  })

  it('gives several processes on one folder an identity each, and a killed one is taken over', async () => {
    const holders = await Promise.all([startHolder(), startHolder(), startHolder()])
    expect(holders.map((one) => one.identity.folder).sort()).toEqual(
      ['1', '2', '3'].map((name) => join(folder, name)),
    )
    expect(new Set(holders.map((one) => one.identity.workerId)).size).toBe(3)

    const lost = holders.find((one) => one.identity.folder.endsWith('/2'))!
    lost.child.kill('SIGKILL')
    await once(lost.child, 'exit')
    const heir = await takeIdentity(folder)
    heir.release()
    expect(heir.folder).toBe(lost.identity.folder)
    expect(heir.workerId).toBe(lost.identity.workerId)
  })

  it('makes a new id where the kept one is not an id', async () => {
    const first = await takeIdentity(folder)
    first.release()
    await writeFile(join(folder, '1', 'worker-id'), 'x'.repeat(100))
    const second = await takeIdentity(folder)
    second.release()
    expect(second.workerId).not.toBe(first.workerId)
    expect((await readFile(join(folder, '1', 'worker-id'), 'utf8')).trim()).toBe(second.workerId)
  })

  it('says which setting names a folder that cannot be used', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(takeIdentity(join(folder, 'file'))).rejects.toThrow('WAGGLE_WORKER_DATA_FOLDER')
  })
})
