import { silentLogger } from '@waggle/domain'
import { describeStores, tempFolder } from '@waggle/testkit'
import { openSqlite } from './index.ts'

describeStores('stores on SQLite', async () => {
  const folder = await tempFolder('sqlite')
  const database = await openSqlite({ path: `${folder.path}/waggle.db`, log: silentLogger })
  return {
    database,
    close: async () => {
      await database.close()
      await folder.remove()
    },
  }
})
