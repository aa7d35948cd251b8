import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempFolder } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { workerRegistries } from './worker-registries.ts'

let folder: Awaited<ReturnType<typeof tempFolder>>
beforeAll(async () => {
  folder = await tempFolder('worker-registries')
})
afterAll(() => folder.remove())

const fileOf = async (name: string, text: string): Promise<string> => {
  const path = join(folder.path, name)
  await writeFile(path, text)
  return path
}

describe('the file of registry credentials', () => {
  const said: string[] = []
  const log = { warn: (text: string) => void said.push(text) }

  it('gives them in file order, without what a helper would fill in', async () => {
    const auths = {
      'https://index.docker.io/v1/': { auth: Buffer.from('u:p:q').toString('base64') },
      'helper.example': {},
      'registry.example:5000': { username: 'v', password: 'w' },
    }
    const dockerConfig = await fileOf('config.json', JSON.stringify({ auths }))
    expect(workerRegistries({ dockerConfig }, log)).toEqual([
      { address: 'docker.io', username: 'u', password: 'p:q' },
      { address: 'registry.example:5000', username: 'v', password: 'w' },
    ])
    expect(said).toEqual([])
  })

  it('is said once where it is of no use', async () => {
    expect(workerRegistries({ dockerConfig: '' }, log)).toEqual([])
    expect(said).toEqual([])
    expect(workerRegistries({ dockerConfig: await fileOf('empty', '{}') }, log)).toEqual([])
    expect(workerRegistries({ dockerConfig: await fileOf('bad', '{') }, log)).toBeNull()
    expect(workerRegistries({ dockerConfig: join(folder.path, 'none') }, log)).toBeNull()
    expect(said).toHaveLength(3)
  })
})
