import type { ControlDeps } from '../control-deps.ts'
import { endDelivery, openSubmission } from './record-delivery.ts'
import type { SubmitRequest } from './submit-request.ts'

/** Keeps a genuine webhook that asks for no build, with the reason. */
export const ignoreDelivery = (
  deps: Pick<ControlDeps, 'database' | 'sealer'>,
  request: SubmitRequest,
  reason: string,
): Promise<void> => endDelivery(deps, openSubmission(deps, request), { outcome: 'ignored', reason })
