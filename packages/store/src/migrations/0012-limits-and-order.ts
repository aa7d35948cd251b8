import { bandOf, queueNumberOf } from '@waggle/domain'
import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Dialect } from '../dialect.ts'

/** Limits that hold stages back, places of lost ones, and the order inside a partition. */
export const limitsAndOrder = (dialect: Dialect['name']): Migration => ({
  up: async (db: Kysely<unknown>) => {
    const isSqlite = dialect === 'sqlite'
    const int = isSqlite ? 'integer' : 'bigint'
    const flag = isSqlite ? 'integer not null default 0' : 'boolean not null default false'
    const strict = isSqlite ? ' strict' : ''
    const middle = queueNumberOf(bandOf(0), 0, 0)
    for (const statement of [
      `alter table repos add column priority ${int} not null default 0`,
      `alter table stages add column is_limited ${flag}`,
      `alter table stages add column place_until ${int} not null default 0`,
      `alter table stages add column priority ${int} not null default 0`,
      `alter table stages add column band ${int} not null default 0`,
      `alter table stages add column start_tag ${int} not null default 0`,
      `alter table stages add column queue_number ${int} not null default ${middle}`,
      `create table limited_repos (repo_id ${int} not null primary key, foreign key (repo_id) references repos (id) on delete cascade)${strict}`,
      // What ran under a limit before goes on under it.
      `insert into limited_repos (repo_id) select distinct repo_id from stages where ("limit" > 0 or throttle > 0) and status in ('pending', 'running', 'waiting_on_dependencies', 'blocked')`,
      `create table order_flows (partition text not null, band ${int} not null, repo_id ${int} not null, finish ${int} not null, used_at ${int} not null, primary key (partition, band, repo_id), foreign key (repo_id) references repos (id) on delete cascade)${strict}`,
      `create table order_bases (partition text not null, band ${int} not null, base ${int} not null, is_moving ${flag}, primary key (partition, band))${strict}`,
      `create index order_flows_finish on order_flows (partition, band, finish)`,
      `create index order_flows_far on order_flows (finish) where finish > 1000`,
      `create index order_flows_repo on order_flows (repo_id)`,
      `create index order_flows_banded on order_flows (partition) where band <> 0`,
      `create index stages_counted on stages (repo_id, name, id) where ${counted}`,
      `create index stages_counted_all on stages (repo_id, id) where ${counted}`,
      `create index stages_limited on stages (repo_id, name, "limit") where is_limited = true`,
      `create index stages_throttled on stages (repo_id, throttle) where is_limited = true`,
      `create index stages_limited_all on stages (id) where is_limited = true`,
      `create index stages_place on stages (place_until) where place_until > 0`,
      'drop index stages_offerable',
      `create index stages_offerable on stages (id) where ${offerable}`,
      `create index stages_line on stages (partition, band, start_tag, id) where ${offerable}`,
    ])
      await sql.raw(statement).execute(db)
  },
})

// Word for word what the queries say.
const counted = `(status in ('pending', 'running') or is_held = true or place_until > 0)`
const offerable = `status = 'pending' and is_held = false and is_limited = false`
