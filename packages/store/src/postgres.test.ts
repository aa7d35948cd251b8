import { silentLogger } from '@waggle/domain'
import { describeStores, startPostgres } from '@waggle/testkit'
import { openPostgres } from './index.ts'

describeStores('stores on PostgreSQL', async () => {
  const server = await startPostgres()
  const database = await openPostgres({ url: server.url, poolSize: 10, log: silentLogger })
  return {
    database,
    close: async () => {
      await database.close()
      await server.stop()
    },
  }
})
