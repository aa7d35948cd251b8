export { openPostgres, type PostgresOptions } from './postgres/open-postgres.ts'
export { openSqlite, type SqliteOptions } from './sqlite/open-sqlite.ts'
