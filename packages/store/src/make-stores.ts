import type { Stores } from '@waggle/domain'
import { query } from './query.ts'
import type { Session } from './session.ts'
import { attemptStore } from './stores/attempt-store.ts'
import { buildStore } from './stores/build-store.ts'
import { cardStore } from './stores/card-store.ts'
import { cronStore } from './stores/cron-store.ts'
import { deadlineStore } from './stores/deadline-store.ts'
import { deliveryStore } from './stores/delivery-store.ts'
import { latestStore } from './stores/latest-store.ts'
import { limitStore } from './stores/limit-store.ts'
import { logArchive } from './stores/log-archive.ts'
import { orderStore } from './stores/order-store.ts'
import { orgSecretStore } from './stores/org-secret-store.ts'
import { outboxStore } from './stores/outbox-store.ts'
import { permissionStore } from './stores/permission-store.ts'
import { purgeStore } from './stores/purge-store.ts'
import { repoStore } from './stores/repo-store.ts'
import { secretStore } from './stores/secret-store.ts'
import { stageStore } from './stores/stage-store.ts'
import { stepStore } from './stores/step-store.ts'
import { templateStore } from './stores/template-store.ts'
import { settingStore, tickStore } from './stores/tick-store.ts'
import { userStore } from './stores/user-store.ts'
import { webhookCallStore } from './stores/webhook-call-store.ts'
import { workerStore } from './stores/worker-store.ts'

const clock = query(({ db, now }) => db.selectNoFrom(now.as('now')))

/** Every store on one session. */
export const makeStores = (session: Session): Stores => {
  const stages = stageStore(session)
  return {
    repos: repoStore(session),
    users: userStore(session),
    permissions: permissionStore(session),
    builds: buildStore(session),
    stages,
    steps: stepStore(session),
    attempts: attemptStore(session),
    workers: workerStore(session),
    secrets: secretStore(session),
    orgSecrets: orgSecretStore(session),
    templates: templateStore(session),
    deliveries: deliveryStore(session),
    latest: latestStore(session),
    outbox: outboxStore(session),
    limits: limitStore(session, stages),
    orders: orderStore(session),
    webhookCalls: webhookCallStore(session),
    crons: cronStore(session),
    purge: purgeStore(session),
    deadlines: deadlineStore(session),
    ticks: tickStore(session),
    settings: settingStore(session),
    logs: logArchive(session),
    cards: cardStore(session),
    now: async () => (await session.read(clock, {}))[0]?.now ?? Date.now(),
  }
}
