import { randomUUID } from 'node:crypto'
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
      forks: false,
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
        forks: true,
      })
      expect([...(changed?.dataSealed ?? [])]).toEqual([5])
      expect(changed).toMatchObject({ pullRequest: true, pullRequestPush: true, forks: true })
      expect(await open().secrets.update(0, { pullRequest: true })).toBeNull()
      expect(await open().secrets.delete(secret.id)).toBe(true)
      expect(await open().secrets.delete(secret.id)).toBe(false)
    })
  })

  describe('secrets of a namespace', () => {
    const newSecret = (namespace: string, name: string) => ({
      namespace,
      name,
      dataSealed: Uint8Array.of(0, 255),
      pullRequest: true,
      pullRequestPush: false,
      forks: false,
    })

    it('finds them without case, under the names as written', async () => {
      const namespace = `Org-${randomUUID()}`
      const secret = await open().orgSecrets.create(newSecret(namespace, 'Token'))
      expect(secret).toMatchObject({ namespace, name: 'Token', pullRequest: true, forks: false })
      expect([...secret.dataSealed]).toEqual([0, 255])
      const { orgSecrets } = open()
      expect(await orgSecrets.findByName(namespace.toUpperCase(), 'tOKEN')).toEqual(secret)
      expect(await orgSecrets.findByName(`${namespace}x`, 'token')).toBeNull()
      await expect(
        orgSecrets.create(newSecret(namespace.toLowerCase(), 'TOKEN')),
      ).rejects.toMatchObject({ kind: 'conflict', code: 'secret_exists' })
    })

    it('lists those of one namespace or of all, by name', async () => {
      const [one, two] = [`b${randomUUID()}`, `a${randomUUID()}`]
      for (const [namespace, name] of [
        [one, 'b'],
        [one, 'A'],
        [two, 'c'],
      ] as const)
        await open().orgSecrets.create(newSecret(namespace, name))
      const { orgSecrets } = open()
      expect((await orgSecrets.listByNamespace(one)).map(({ name }) => name)).toEqual(['A', 'b'])
      const all = (await orgSecrets.list()).filter(({ namespace }) =>
        [one, two].includes(namespace),
      )
      expect(all.map(({ name }) => name)).toEqual(['A', 'b', 'c'])
    })

    it('changes what the patch names, and deletes once', async () => {
      const { id } = await open().orgSecrets.create(newSecret(randomUUID(), 'x'))
      const changed = await open().orgSecrets.update(id, { pullRequest: false, forks: true })
      expect(changed).toMatchObject({ pullRequest: false, pullRequestPush: false, forks: true })
      expect([...(changed?.dataSealed ?? [])]).toEqual([0, 255])
      expect(await open().orgSecrets.delete(id)).toBe(true)
      expect(await open().orgSecrets.delete(id)).toBe(false)
      expect(await open().orgSecrets.update(id, { forks: false })).toBeNull()
    })
  })
}
