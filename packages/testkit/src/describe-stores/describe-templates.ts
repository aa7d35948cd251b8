import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { OpenDatabase } from './new-rows.ts'

export const describeTemplates = (open: OpenDatabase): void => {
  describe('templates', () => {
    const newNamespace = () => `Org-${randomUUID()}`

    it('keeps the text as it is, and finds it whatever the case of the namespace', async () => {
      const namespace = newNamespace()
      const data = 'kind: pipeline\r\n\tname: "{{ .input.name }} ☃"\n'
      const made = await open().templates.create({ namespace, name: 'a.yml', data })
      expect(made).toMatchObject({ namespace, name: 'a.yml', data })
      expect(made.createdAt).toBeGreaterThan(0)
      expect(await open().templates.findByName(namespace.toUpperCase(), 'a.yml')).toEqual(made)
      expect(await open().templates.findByName(namespace, 'A.yml')).toBeNull()
      expect(await open().templates.findByName(newNamespace(), 'a.yml')).toBeNull()
    })

    it('lists by name, refuses a name that is taken in the namespace', async () => {
      const namespace = newNamespace()
      for (const name of ['b.yml', 'a.jsonnet', 'c.star'])
        await open().templates.create({ namespace, name, data: 'x' })
      const listed = await open().templates.listByNamespace(namespace.toLowerCase())
      expect(listed.map(({ name }) => name)).toEqual(['a.jsonnet', 'b.yml', 'c.star'])
      const all = await open().templates.list()
      expect(all.filter((one) => one.namespace === namespace)).toHaveLength(3)
      const again = { namespace: namespace.toUpperCase(), name: 'b.yml', data: 'y' }
      await expect(open().templates.create(again)).rejects.toMatchObject({
        kind: 'conflict',
        code: 'template_exists',
      })
      await open().templates.create({ ...again, namespace: newNamespace() })
    })

    it('changes the text, and deletes once', async () => {
      const namespace = newNamespace()
      const { id } = await open().templates.create({ namespace, name: 'a.yml', data: 'old' })
      expect(await open().templates.update(id, { data: 'new' })).toMatchObject({ data: 'new' })
      expect(await open().templates.update(id, {})).toMatchObject({ data: 'new' })
      expect(await open().templates.delete(id)).toBe(true)
      expect(await open().templates.delete(id)).toBe(false)
      expect(await open().templates.update(id, { data: 'x' })).toBeNull()
    })
  })
}
