import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Dialect } from '../dialect.ts'

/** What users may do in repositories. */
export const permissions = (dialect: Dialect['name']): Migration => ({
  up: async (db: Kysely<unknown>) => {
    const isSqlite = dialect === 'sqlite'
    const int = isSqlite ? 'integer not null' : 'bigint not null'
    const flag = isSqlite ? 'integer not null' : 'boolean not null'
    const columns = [
      ...['repo_id', 'user_id'].map((name) => `${name} ${int}`),
      ...['read', 'write', 'admin'].map((name) => `${name} ${flag}`),
      ...['created_at', 'updated_at'].map((name) => `${name} ${int}`),
      'primary key (repo_id, user_id)',
      'foreign key (repo_id) references repos (id) on delete cascade',
      'foreign key (user_id) references users (id) on delete cascade',
    ]
    const strict = isSqlite ? ' strict' : ''
    await sql.raw(`create table permissions (${columns.join(', ')})${strict}`).execute(db)
    await sql.raw('create index permissions_user on permissions (user_id)').execute(db)
  },
})
