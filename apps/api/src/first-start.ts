import { randomBytes } from 'node:crypto'
import { chmod, link, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Database, invalid, isWaggleError, type Logger, type Sealer } from '@waggle/domain'
import { createSealer, newToken, parseSecretKey, tokenHash } from '@waggle/secrets'

/** The folder of what the first start makes: nobody else's business. */
export const openDataFolder = async (folder: string): Promise<void> => {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw invalid(
      'data_folder',
      `The data folder ${folder} cannot be made; set WAGGLE_DATA_FOLDER`,
      {
        cause,
      },
    )
  }
}

/** The key that encrypts secrets: the setting, or the one that the first start made and keeps in the data folder. */
export const readSealer = async (setting: string | undefined, folder: string): Promise<Sealer> => {
  const key =
    setting === undefined ? await keptKey(join(folder, 'secret-key')) : parseSecretKey(setting)
  return createSealer({ current: { id: '1', key } })
}

const keptKey = async (path: string): Promise<Buffer> => {
  try {
    // Fails where it exists: two processes that start at once must not end up with two keys.
    const file = await open(path, 'wx', 0o600)
    await file.writeFile(`${randomBytes(32).toString('hex')}\n`)
    await file.sync()
    await file.close()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return parseSecretKey(await readFile(path, 'utf8'))
}

const checkText = 'waggle'
const checkPlace = 'settings/key_check'

/** Refuses a key that is not the one of this database (threats.md T-08): its secrets could not be read, and new ones
 *  would lie beside them under another key. */
export const checkKey = async (database: Database, sealer: Sealer): Promise<void> => {
  const made = Buffer.from(sealer.seal(checkText, checkPlace)).toString('base64')
  const kept = await database.settings.init('key_check', made)
  try {
    if (sealer.open(Buffer.from(kept, 'base64'), checkPlace).toString('utf8') === checkText) return
  } catch (error) {
    if (!isWaggleError(error)) throw error
  }
  throw invalid(
    'wrong_key',
    'The encryption key is not the one of this database; set WAGGLE_SECRET_KEY to the key it was made with, or put that key back into the data folder',
  )
}

export interface FirstAdmin {
  readonly login: string
  /** In the clear: to be shown once, on standard output, and nowhere else. */
  readonly token: string
  readonly path: string
}

/** Makes the first admin where there is nobody yet, and keeps the token in a file that only its owner may read.
 *  A token that is set counts at every start. Gives the token only where it was made here. */
export const ensureAdmin = async (
  database: Database,
  wish: { readonly login: string; readonly token: string | undefined },
  folder: string,
  log: Logger,
): Promise<FirstAdmin | null> => {
  const path = join(folder, 'admin-token')
  const known = await database.users.findByLogin(wish.login)
  if (known) {
    if (wish.token !== undefined) await adoptToken(database, known.id, wish.token, path)
    return null
  }
  if ((await database.users.count()) > 0) return null
  // Before the row: a token that is only a hash in the database opens nothing.
  const token = checkToken(wish.token) ?? (await firstToken(path))
  if (wish.token !== undefined) await keepToken(path, token)
  const admin = await database.users.create({
    login: wish.login,
    email: '',
    machine: false,
    admin: true,
    tokenHash: tokenHash(token),
  })
  if (admin === null) {
    // Another process of the same installation was first. With another data folder its token counts, not the one made
    // here; with the same folder both have the same one.
    if ((await database.users.findByTokenHash(tokenHash(token))) === null)
      await rm(path, { force: true })
    return null
  }
  log.info('first admin made', { name: wish.login, path })
  return wish.token === undefined ? { login: wish.login, token, path } : null
}

/** One token for all that start at once on the same folder, and for a start that went no further than the file. */
const firstToken = async (path: string): Promise<string> => {
  const made = `${path}.${randomBytes(6).toString('hex')}`
  await writeFile(made, `${newToken()}\n`, { mode: 0o600 })
  try {
    // Whole or not at all, and only where none is: whoever comes second reads the first one's.
    await link(made, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(made, { force: true })
  }
  const kept = (await readFile(path, 'utf8')).trim()
  if (kept.length < 16) throw invalid('admin_token', `${path} holds no token; remove it`)
  return kept
}

const adoptToken = async (
  database: Database,
  id: number,
  token: string,
  path: string,
): Promise<void> => {
  checkToken(token)
  const hash = tokenHash(token)
  const holder = await database.users.findByTokenHash(hash)
  if (holder === null) await database.users.setTokenHash(id, hash)
  await keepToken(path, token)
}

const checkToken = (token: string | undefined): string | undefined => {
  if (token !== undefined && token.length < 16)
    throw invalid('admin_token', 'WAGGLE_ADMIN_TOKEN: must have at least 16 characters')
  return token
}

const keepToken = async (path: string, token: string): Promise<void> => {
  await writeFile(path, `${token}\n`, { mode: 0o600 })
  // The mode above only counts for a new file.
  await chmod(path, 0o600)
}
