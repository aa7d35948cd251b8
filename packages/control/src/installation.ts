import { randomBytes } from 'node:crypto'
import type { Database } from '@waggle/domain'

const known = new WeakMap<Database, string>()

/** Random id of the installation, made once per database. Part of every container's name, so that what another server
 *  left on a machine is never taken for ours (design §3). */
export const installationOf = async (database: Database): Promise<string> => {
  const cached = known.get(database)
  if (cached !== undefined) return cached
  const id = await database.settings.init('installation', randomBytes(6).toString('hex'))
  known.set(database, id)
  return id
}
