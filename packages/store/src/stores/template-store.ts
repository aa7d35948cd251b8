import type { NewTemplate, Template, TemplateStore } from '@waggle/domain'
import { keep } from '../keep.ts'
import { int, noun, text } from '../noun.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

const template = noun<Template>('template', {
  id: int,
  namespace: text,
  name: text,
  data: text,
  createdAt: int,
  updatedAt: int,
})

type Patch = Parameters<TemplateStore['update']>[1]

const list = query(({ db }) =>
  db.selectFrom('templates').select(template.columns).orderBy('name').orderBy('namespaceKey'),
)

const listByNamespace = query(({ db }, p: { namespaceKey: string }) =>
  db
    .selectFrom('templates')
    .select(template.columns)
    .where('namespaceKey', '=', p.namespaceKey)
    .orderBy('name'),
)

const findByName = query(({ db }, p: { namespaceKey: string; name: string }) =>
  db
    .selectFrom('templates')
    .select(template.columns)
    .where('namespaceKey', '=', p.namespaceKey)
    .where('name', '=', p.name),
)

const create = query(
  ({ db, stamp }, p: NewTemplate & { readonly namespaceKey: string }) =>
    db
      .insertInto('templates')
      .values({
        namespace: p.namespace,
        namespaceKey: p.namespaceKey,
        name: p.name,
        data: p.data,
        createdAt: stamp,
        updatedAt: stamp,
      } as never)
      .returning(template.columns),
  'template_exists',
)

const update = query(({ db, now }, p: Patch & { id: number }) =>
  db
    .updateTable('templates')
    .set({ ...keep(p, ['data']), updatedAt: now })
    .where('id', '=', p.id)
    .returning(template.columns),
)

const remove = query(({ db }, p: { id: number }) =>
  db.deleteFrom('templates').where('id', '=', p.id).returning('id'),
)

const key = (namespace: string): string => namespace.toLowerCase()

export const templateStore = (session: Session): TemplateStore => {
  const one = (rows: readonly unknown[]): Template | null =>
    rows[0] ? template.read(rows[0]) : null
  const all = (rows: readonly unknown[]) => template.readAll(rows, session.log)
  return {
    list: async () => all(await session.read(list, {})),
    listByNamespace: async (namespace) =>
      all(await session.read(listByNamespace, { namespaceKey: key(namespace) })),
    findByName: async (namespace, name) =>
      one(await session.read(findByName, { namespaceKey: key(namespace), name })),
    create: async (given) => {
      const row = { ...given, namespaceKey: key(given.namespace) }
      return template.read((await session.write(create, row))[0])
    },
    update: async (id, patch) => one(await session.write(update, { ...patch, id })),
    delete: async (id) => (await session.write(remove, { id })).length > 0,
  }
}
