import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { type Database, silentLogger } from '@waggle/domain'
import { tempFolder } from '@waggle/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { openSqlite } from './open-sqlite.ts'

const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const newPath = async (): Promise<string> => {
  const folder = await tempFolder('sqlite')
  cleanUps.push(() => folder.remove())
  return `${folder.path}/deep/down/waggle.db`
}

const open = async (path: string): Promise<Database> => {
  const database = await openSqlite({ path, log: silentLogger })
  cleanUps.push(() => database.close())
  return database
}

/** Opens the database in a process of its own and tells each row that was acknowledged. */
const startWriter = (path: string): ChildProcess => {
  const store = JSON.stringify(new URL('../index.ts', import.meta.url).href)
  const domain = JSON.stringify(import.meta.resolve('@waggle/domain'))
  const code = `
    const { openSqlite } = await import(${store})
    const { silentLogger } = await import(${domain})
    const database = await openSqlite({ path: ${JSON.stringify(path)}, log: silentLogger })
    console.log('open')
    for (let at = 0; ; at++)
      await Promise.all(Array.from({ length: 10 }, (_, index) => {
        const key = 'key-' + at + '-' + index
        const delivery = {
          repoId: 1, key, via: 'call', event: '', ref: '', commit: '', sender: '',
          bodyHash: '', bodyBytes: 0, content: '', requestSealed: null,
        }
        const options = { keepMs: 1_000, isFurtherTry: false }
        return database.deliveries.claim(delivery, options).then(() => console.log(key))
      }))
  `
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cleanUps.push(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })
  return child
}

describe('openSqlite', () => {
  it('makes the folder, keeps the file to its owner, and finds its rows again', async () => {
    const path = await newPath()
    const before = await open(path)
    await before.settings.set('installation', 'abc')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await before.close()
    const after = await open(path)
    expect(await after.settings.get('installation')).toBe('abc')
  })

  it('loses no acknowledged row when its process is killed, and can be opened at once', async () => {
    const path = await newPath()
    const child = startWriter(path)
    const told: string[] = []
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    lines.on('line', (line) => {
      told.push(line)
      if (told.length === 500) child.kill('SIGKILL')
    })
    await Promise.all([once(child, 'exit'), once(lines, 'close')])
    const database = await open(path)
    const keys = told.filter((line) => line.startsWith('key-'))
    expect(keys.length).toBeGreaterThan(400)
    const found = await Promise.all(keys.map((key) => database.deliveries.findByKey(1, key)))
    expect(found.filter((row) => row === null)).toEqual([])
  })

  it('refuses a file that another process uses, in one sentence', async () => {
    const path = await newPath()
    const child = startWriter(path)
    await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line')
    await expect(open(path)).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'database_in_use',
      message: expect.stringContaining(path),
    })
  })

  it('goes on by itself after somebody had locked the file', async () => {
    const path = await newPath()
    const database = await open(path)
    const other = new DatabaseSync(path)
    other.exec('begin immediate')
    const waiting = database.settings.set('installation', 'late')
    expect(await database.settings.get('installation')).toBeNull()
    await new Promise((resolve) => setTimeout(resolve, 200))
    other.exec('rollback')
    other.close()
    await waiting
    expect(await database.settings.get('installation')).toBe('late')
  })

  it('refuses a database that newer code has changed', async () => {
    const path = await newPath()
    await (await open(path)).close()
    const other = new DatabaseSync(path)
    other.exec(`insert into kysely_migration values ('9999-future', '2030-01-01')`)
    other.close()
    await expect(open(path)).rejects.toMatchObject({ kind: 'invalid', code: 'database_newer' })
  })

  it('says so when the file is no database', async () => {
    const path = await newPath()
    await (await open(path)).close()
    rmSync(`${path}-wal`, { force: true })
    rmSync(`${path}-shm`, { force: true })
    writeFileSync(path, 'this is a text '.repeat(1000))
    await expect(open(path)).rejects.toMatchObject({ kind: 'internal', code: 'database_corrupt' })
  })

  it('refuses everything after it was closed, and finishes what waited', async () => {
    const database = await open(await newPath())
    const waiting = database.settings.set('installation', 'x')
    await Promise.all([database.close(), waiting])
    await expect(database.settings.get('installation')).rejects.toMatchObject({
      code: 'database_closed',
    })
    await expect(database.settings.set('installation', 'y')).rejects.toMatchObject({
      code: 'database_closed',
    })
    await expect(database.transaction(async () => 1)).rejects.toMatchObject({
      code: 'database_closed',
    })
  })

  it('leaves unreadable rows out of lists and gives the rows behind them', async () => {
    const path = await newPath()
    const database = await open(path)
    const other = new DatabaseSync(path)
    const insert = other.prepare('insert into outbox (message, created_at) values (?, 0)')
    for (const message of ['', '{', 'null', '{"kind":"unknown"}', '[]', '{"kind":"offer"}'])
      insert.run(message)
    other.close()
    const [row] = await database.outbox.add([{ kind: 'offer', stageId: 1, attempt: 1 }])
    expect(await database.outbox.list(2)).toEqual([row])
  })

  it('tells which stage cannot be read, and offers the others', async () => {
    const path = await newPath()
    const database = await open(path)
    const other = new DatabaseSync(path)
    other.exec('pragma foreign_keys = off')
    const columns = other.prepare('pragma table_info(stages)').all() as {
      name: string
      type: string
    }[]
    const insert = other.prepare(
      `insert into stages (${columns.map(({ name }) => `"${name}"`).join()})
       values (${columns.map(() => '?').join()})`,
    )
    const values: Record<string, string | number> = {
      labels: '{}',
      depends_on: '[]',
      retry_on: '[]',
    }
    const damages = [{ labels: '{' }, { labels: '[1]' }, { depends_on: 'null' }, {}]
    for (const [index, damage] of damages.entries()) {
      const row = { ...values, status: 'pending', id: index + 1, number: index + 1, ...damage }
      insert.run(
        ...columns.map(
          ({ name, type }) =>
            (row as Record<string, string | number>)[name] ?? (type === 'TEXT' ? '' : 0),
        ),
      )
    }
    other.close()
    const offered = await database.stages.listOfferable(0, 2)
    expect(offered.map((stage) => stage.id)).toEqual([4])
    await expect(database.stages.find(1)).rejects.toMatchObject({
      code: 'row_unreadable',
      fields: { column: 'labels', id: 1 },
    })
  })
})
