import type { ApiDeps } from '../api-deps.ts'
import type { Route } from '../http/route.ts'
import { approvalRoutes } from './approval-routes.ts'
import { buildRoutes } from './build-routes.ts'
import { cardRoutes } from './card-routes.ts'
import { collaboratorRoutes } from './collaborator-routes.ts'
import { cronRoutes } from './cron-routes.ts'
import { deliveryRoutes } from './delivery-routes.ts'
import { explainRoutes } from './explain-routes.ts'
import { hookRoutes } from './hook-routes.ts'
import { latestRoutes } from './latest-routes.ts'
import { limitRoutes } from './limit-routes.ts'
import { logRoutes } from './log-routes.ts'
import { orgSecretRoutes } from './org-secret-routes.ts'
import { planRoutes } from './plan-routes.ts'
import { purgeRoutes } from './purge-routes.ts'
import { queueRoutes } from './queue-routes.ts'
import { registryRoutes } from './registry-routes.ts'
import { repoRoutes } from './repo-routes.ts'
import { restartRoutes } from './restart-routes.ts'
import { secretRoutes } from './secret-routes.ts'
import { signingRoutes } from './signing-routes.ts'
import { streamRoutes } from './stream-routes.ts'
import { submitRoutes } from './submit-routes.ts'
import { systemRoutes } from './system-routes.ts'
import { templateRoutes } from './template-routes.ts'
import { userRoutes } from './user-routes.ts'
import { usersRoutes } from './users-routes.ts'
import { webhookRoutes } from './webhook-routes.ts'
import { workerRoutes } from './worker-routes.ts'

/** Everything that the API answers. Where two patterns fit a path, the first one counts. */
export const allRoutes = (deps: ApiDeps): readonly Route[] => [
  ...systemRoutes(deps),
  ...workerRoutes(deps),
  ...userRoutes(deps),
  ...usersRoutes(deps),
  ...queueRoutes(deps),
  ...webhookRoutes(deps),
  ...registryRoutes(deps),
  ...submitRoutes(deps),
  ...planRoutes(deps),
  ...repoRoutes(deps),
  ...collaboratorRoutes(deps),
  ...latestRoutes(deps),
  ...buildRoutes(deps),
  ...restartRoutes(deps),
  ...deliveryRoutes(deps),
  ...explainRoutes(deps),
  ...approvalRoutes(deps),
  ...cronRoutes(deps),
  ...purgeRoutes(deps),
  ...limitRoutes(deps),
  ...logRoutes(deps),
  ...cardRoutes(deps),
  ...secretRoutes(deps),
  ...orgSecretRoutes(deps),
  ...templateRoutes(deps),
  ...signingRoutes(deps),
  ...streamRoutes(deps),
  ...hookRoutes(deps),
]
