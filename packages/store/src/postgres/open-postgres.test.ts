import { setTimeout as delay } from 'node:timers/promises'
import { type Database, type NewRepo, type Repo, silentLogger } from '@waggle/domain'
import { startPostgres, type TestPostgres, waitUntil } from '@waggle/testkit'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openPostgres } from './open-postgres.ts'

let server: TestPostgres
const cleanUps: (() => Promise<void>)[] = []

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server?.stop())
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const open = async (url: string, poolSize = 4): Promise<Database> => {
  const database = await openPostgres({ url, poolSize, log: silentLogger })
  cleanUps.push(() => database.close())
  return database
}

const connect = async (url: string): Promise<Client> => {
  const client = new Client(url)
  client.on('error', () => undefined)
  await client.connect()
  cleanUps.push(() => client.end())
  return client
}

const newRepo = (name: string): NewRepo => ({
  uid: '',
  namespace: 'acme',
  name,
  slug: `acme/${name}`,
  gitHttpUrl: '',
  gitSshUrl: '',
  link: '',
  defaultBranch: 'main',
  private: true,
  visibility: 'private',
  active: true,
  configPath: '.drone.yml',
  trusted: false,
  protected: false,
  timeoutMinutes: 60,
  throttle: 0,
  signerSealed: new Uint8Array(),
  secretSealed: new Uint8Array(),
})

describe('openPostgres', () => {
  it('lets five processes migrate an empty database at once', async () => {
    const url = await server.createDatabase()
    const databases = await Promise.all(Array.from({ length: 5 }, () => open(url)))
    const values = await Promise.all(
      databases.map((database, index) => database.settings.init('installation', `${index}`)),
    )
    expect(new Set(values).size).toBe(1)
  })

  it('refuses a database that newer code has changed', async () => {
    const url = await server.createDatabase()
    await open(url)
    const client = await connect(url)
    await client.query(`insert into kysely_migration values ('9999-future', '2030-01-01')`)
    await expect(open(url)).rejects.toMatchObject({ kind: 'invalid', code: 'database_newer' })
  })

  it('says what an address looks like, and does not repeat the one it got', async () => {
    for (const url of ['mysql://u:geheim@host/db', 'postgres://u:geheim@[', 'geheim']) {
      const opening = open(url)
      await expect(opening).rejects.toMatchObject({ code: 'database_url_invalid' })
      await expect(opening).rejects.not.toThrow('geheim')
    }
  })

  it('says that the database does not answer', async () => {
    await expect(open('postgres://waggle@127.0.0.1:1/waggle')).rejects.toMatchObject({
      kind: 'unavailable',
    })
    await expect(open(server.url.replace(/\/waggle$/, '/nothing'))).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'database_refused',
    })
  })

  it('repeats a transaction that PostgreSQL ended for a deadlock', async () => {
    const database = await open(await server.createDatabase())
    const a = await database.repos.create(newRepo('a'))
    const b = await database.repos.create(newRepo('b'))
    let runs = 0
    let locked = 0
    const both = (repos: readonly Repo[]) =>
      database.transaction(async (stores) => {
        runs++
        for (const { id } of repos) {
          await stores.repos.nextBuildNumber(id)
          locked++
          await waitUntil('each to hold one of the two', () => locked >= 2)
        }
      })
    await Promise.all([both([a, b]), both([b, a])])
    expect(runs).toBe(3)
    for (const { id } of [a, b]) expect((await database.repos.find(id))?.counter).toBe(2)
  })

  it('reads on after all of its connections were ended, and fails a transaction that lost its own', async () => {
    const url = await server.createDatabase()
    const database = await open(url)
    const client = await connect(url)
    const end = () =>
      client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = 'waggle' and datname = current_database()`,
      )
    await database.settings.set('installation', 'kept')
    await Promise.all(Array.from({ length: 4 }, () => database.ping()))
    await end()
    expect(await database.settings.get('installation')).toBe('kept')
    const failing = database.transaction(async (stores) => {
      await stores.settings.set('installation', 'lost')
      await end()
      await delay(50)
      await stores.settings.set('queue_epoch', 'lost')
    })
    await expect(failing).rejects.toMatchObject({ kind: 'unavailable' })
    expect(await database.settings.get('installation')).toBe('kept')
  })

  it('serves more at once than it has connections', async () => {
    const database = await open(await server.createDatabase(), 2)
    await Promise.all(
      Array.from({ length: 50 }, () =>
        database.transaction(async (stores) => {
          await stores.settings.get('installation')
        }),
      ),
    )
    await database.ping()
  })

  it('answers "unavailable" while the server is down and works again when it is back', async () => {
    const url = await server.createDatabase()
    const database = await open(url)
    await database.settings.set('installation', 'kept')
    await server.crash()
    await expect(database.ping()).rejects.toMatchObject({ kind: 'unavailable' })
    await expect(database.settings.set('installation', 'x')).rejects.toMatchObject({
      kind: 'unavailable',
    })
    await expect(database.transaction((stores) => stores.now())).rejects.toMatchObject({
      kind: 'unavailable',
    })
    await server.restart()
    await waitUntil('the database to answer', async () => {
      await database.ping()
      return true
    })
    expect(await database.settings.get('installation')).toBe('kept')
  })

  it('refuses everything after it was closed', async () => {
    const database = await open(await server.createDatabase())
    await database.close()
    await expect(database.settings.get('installation')).rejects.toMatchObject({
      kind: 'unavailable',
    })
    await expect(database.transaction(async () => 1)).rejects.toMatchObject({
      code: 'database_closed',
    })
  })
})
