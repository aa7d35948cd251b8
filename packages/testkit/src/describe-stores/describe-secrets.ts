import { describe, expect, it } from 'vitest'
import { type OpenDatabase, seedRepo } from './new-rows.ts'

export const describeSecrets = (open: OpenDatabase): void => {
  describe('secrets', () => {
    const newSecret = (repoId: number, name: string) => ({
      repoId,
      name,
      dataSealed: Uint8Array.from({ length: 256 }, (_, byte) => byte),
      pullRequest: false,
      pullRequestPush: true,
    })

    it('keeps the sealed bytes as they are', async () => {
      const repo = await seedRepo(open())
      const secret = await open().secrets.create(newSecret(repo.id, 'password'))
      expect([...secret.dataSealed]).toEqual(Array.from({ length: 256 }, (_, byte) => byte))
      expect(secret).toMatchObject({ name: 'password', pullRequest: false, pullRequestPush: true })
      expect(await open().secrets.findByName(repo.id, 'password')).toEqual(secret)
      expect(await open().secrets.findByName(repo.id + 1, 'password')).toBeNull()
    })

    it('lists by name, refuses a name that is taken', async () => {
      const { id } = await seedRepo(open())
      for (const name of ['b', 'a', 'c']) await open().secrets.create(newSecret(id, name))
      const names = (await open().secrets.listByRepo(id)).map((secret) => secret.name)
      expect(names).toEqual(['a', 'b', 'c'])
      await expect(open().secrets.create(newSecret(id, 'a'))).rejects.toMatchObject({
        kind: 'conflict',
        code: 'secret_exists',
      })
    })

    it('changes what the patch names, and deletes once', async () => {
      const repo = await seedRepo(open())
      const secret = await open().secrets.create(newSecret(repo.id, 'x'))
      const changed = await open().secrets.update(secret.id, {
        dataSealed: Uint8Array.of(5),
        pullRequest: true,
      })
      expect([...(changed?.dataSealed ?? [])]).toEqual([5])
      expect(changed).toMatchObject({ pullRequest: true, pullRequestPush: true })
      expect(await open().secrets.update(0, { pullRequest: true })).toBeNull()
      expect(await open().secrets.delete(secret.id)).toBe(true)
      expect(await open().secrets.delete(secret.id)).toBe(false)
    })
  })
}
