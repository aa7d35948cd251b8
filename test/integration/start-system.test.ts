import { tempFolder } from '@waggle/testkit'
import { expect, it } from 'vitest'
import { startSystem } from '../harness/start-system.ts'

it('says at once that no container engine answers where a worker needs one', async () => {
  const folder = await tempFolder('no-engine')
  const socket = `${folder.path}/docker.sock`
  const worker = { WAGGLE_DOCKER_SOCKET: socket }
  await expect(startSystem({ database: 'sqlite', worker })).rejects.toThrow(
    `no container engine answers on ${socket}`,
  )
  await folder.remove()
})
