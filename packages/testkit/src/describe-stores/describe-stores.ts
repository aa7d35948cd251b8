import type { Database } from '@waggle/domain'
import { afterAll, beforeAll, describe } from 'vitest'
import { describeAttempts } from './describe-attempts.ts'
import { describeBuilds } from './describe-builds.ts'
import { describeCards } from './describe-cards.ts'
import { describeCrons } from './describe-crons.ts'
import { describeDeadlines } from './describe-deadlines.ts'
import { describeDeliveries } from './describe-deliveries.ts'
import { describeLimits } from './describe-limits.ts'
import { describeLogArchive } from './describe-log-archive.ts'
import { describeOrders } from './describe-orders.ts'
import { describeOutbox } from './describe-outbox.ts'
import { describePermissions } from './describe-permissions.ts'
import { describePurge } from './describe-purge.ts'
import { describeRepos } from './describe-repos.ts'
import { describeSecrets } from './describe-secrets.ts'
import { describeStages } from './describe-stages.ts'
import { describeSteps } from './describe-steps.ts'
import { describeTemplates } from './describe-templates.ts'
import { describeTicks } from './describe-ticks.ts'
import { describeTransactions } from './describe-transactions.ts'
import { describeUsers } from './describe-users.ts'
import { describeWebhookCalls } from './describe-webhook-calls.ts'
import { describeWorkers } from './describe-workers.ts'

/** What every database must do: the ports of domain's `store.ts`. `open` gives an empty one. */
export const describeStores = (
  name: string,
  open: () => Promise<{ database: Database; close(): Promise<void> }>,
): void => {
  describe(name, () => {
    let opened: Awaited<ReturnType<typeof open>>
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(() => opened?.close())
    const database = () => opened.database
    describeTransactions(database)
    describeRepos(database)
    describeUsers(database)
    describePermissions(database)
    describeBuilds(database)
    describeStages(database)
    describeSteps(database)
    describeAttempts(database)
    describeWorkers(database)
    describeWebhookCalls(database)
    describeSecrets(database)
    describeDeliveries(database)
    describeOutbox(database)
    describeLimits(database)
    describeOrders(database)
    describeTicks(database)
    describeLogArchive(database)
    describeCards(database)
    describeTemplates(database)
    describeCrons(database)
    describePurge(database)
    describeDeadlines(database)
  })
}
