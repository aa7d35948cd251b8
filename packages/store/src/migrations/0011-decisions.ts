import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Dialect } from '../dialect.ts'

/** What was decided, by whom and why: deliveries with their outcome, builds that were approved or ended, the newest
 *  build of a branch, request or target, and stages that keep the result of an earlier build's. The defaults let the
 *  code before it write rows on. */
export const decisions = (dialect: Dialect['name']): Migration => ({
  up: async (db: Kysely<unknown>) => {
    const [int, flag, bytes] =
      dialect === 'sqlite'
        ? ['integer not null', 'integer not null default 0', 'blob']
        : ['bigint not null', 'boolean not null default false', 'bytea']
    const text = `text not null default ''`
    const columns: readonly (readonly [string, string, string])[] = [
      ['deliveries', 'via', `text not null default 'call'`],
      ['deliveries', 'outcome', `text not null default 'built'`],
      ...['event', 'ref', 'commit', 'sender', 'body_hash', 'content'].map(
        (name) => ['deliveries', name, text] as const,
      ),
      ...['build_number', 'body_bytes', 'updated_at'].map(
        (name) => ['deliveries', name, `${int} default 0`] as const,
      ),
      ['deliveries', 'tries', `${int} default 1`],
      ['deliveries', 'request_sealed', bytes],
      ['manifests', 'is_text', flag],
      ...['approved_by', 'ended_by', 'end_reason'].map(
        (name) => ['manifests', name, text] as const,
      ),
      ['stages', 'kept_from', `${int} default 0`],
      ...['pushes', 'pull_requests', 'running'].map(
        (name) => ['repos', `auto_cancel_${name}`, flag] as const,
      ),
    ]
    for (const [table, name, type] of columns)
      await sql.raw(`alter table ${table} add column "${name}" ${type}`).execute(db)
    const strict = dialect === 'sqlite' ? ' strict' : ''
    for (const statement of [
      `update deliveries set outcome = 'skipped' where build_id = 0`,
      `create table latest_builds (repo_id ${int}, type text not null, name text not null, build_id ${int}, primary key (repo_id, type, name), foreign key (build_id) references builds (id) on delete cascade)${strict}`,
      'create index latest_builds_build on latest_builds (build_id)',
      'create index deliveries_repo on deliveries (repo_id, id)',
      'create index deliveries_created on deliveries (created_at)',
      `create index deliveries_content on deliveries (repo_id, content) where content <> '' and outcome = 'built'`,
      `create index deliveries_working on deliveries (updated_at) where outcome = 'working'`,
      `create index builds_open on builds (repo_id, number) where status in ('pending', 'running')`,
    ])
      await sql.raw(statement).execute(db)
  },
})
