import type { LatestStore } from '@waggle/domain'
import { query } from '../query.ts'
import type { Session } from '../session.ts'
import { build } from './build-store.ts'

const mostListed = 1_000

interface Entry {
  readonly repoId: number
  readonly type: string
  readonly name: string
}

const set = query(({ db }, p: Entry & { buildId: number }) =>
  db
    .insertInto('latestBuilds')
    .values({ repoId: p.repoId, type: p.type, name: p.name, buildId: p.buildId })
    .onConflict((conflict) =>
      conflict.columns(['repoId', 'type', 'name']).doUpdateSet({ buildId: p.buildId }),
    ),
)

const list = query(({ db }, p: { repoId: number; type: string }) =>
  db
    .selectFrom('builds')
    .select(build.columns)
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('latestBuilds')
        .select('buildId')
        .where('repoId', '=', p.repoId)
        .where('type', '=', p.type),
    )
    .orderBy('number', 'desc')
    .limit(mostListed),
)

const remove = query(({ db }, p: Entry) =>
  db
    .deleteFrom('latestBuilds')
    .where('repoId', '=', p.repoId)
    .where('type', '=', p.type)
    .where('name', '=', p.name)
    .returning('buildId'),
)

export const latestStore = (session: Session): LatestStore => ({
  set: async (repoId, { type, name }, buildId) => {
    await session.write(set, { repoId, type, name, buildId })
  },
  list: async (repoId, type) =>
    build.readAll(await session.read(list, { repoId, type }), session.log),
  delete: async (repoId, { type, name }) =>
    (await session.write(remove, { repoId, type, name })).length > 0,
})
