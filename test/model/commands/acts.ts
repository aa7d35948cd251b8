import fc from 'fast-check'
import type { Act } from '../act.ts'
import { accept, acceptAgain } from './accept.ts'
import { restartAll, retry } from './again.ts'
import { approve, cancel, decline, pause, resume } from './decide.ts'
import { goOn } from './go-on.ts'
import { beat, free, passTime, reap, restart, startAndVanish, takeAndDie } from './lose.ts'
import { submit } from './submit.ts'
import { flush, loseOne, pump, reconcile } from './tell.ts'
import {
  acknowledgeIt,
  finishIt,
  forgeIt,
  grantIt,
  releaseIt,
  startIt,
  underLease,
} from './under-lease.ts'

/** Each with its weight: those that move builds on come more often than those that disturb them. */
export const acts: fc.Arbitrary<Act> = fc.oneof(
  { arbitrary: goOn, weight: 40 },
  { arbitrary: submit, weight: 9 },
  { arbitrary: restartAll, weight: 2 },
  { arbitrary: retry, weight: 4 },
  { arbitrary: accept, weight: 5 },
  { arbitrary: acceptAgain, weight: 3 },
  { arbitrary: underLease('start', startIt), weight: 3 },
  { arbitrary: underLease('grant', grantIt), weight: 6 },
  { arbitrary: underLease('finish', finishIt), weight: 4 },
  { arbitrary: underLease('release', releaseIt), weight: 3 },
  { arbitrary: underLease('acknowledge', acknowledgeIt), weight: 2 },
  { arbitrary: underLease('forge', forgeIt), weight: 2 },
  { arbitrary: beat, weight: 5 },
  { arbitrary: cancel, weight: 3 },
  { arbitrary: approve, weight: 2 },
  { arbitrary: decline, weight: 2 },
  { arbitrary: passTime, weight: 5 },
  { arbitrary: reap, weight: 5 },
  { arbitrary: startAndVanish, weight: 5 },
  { arbitrary: free, weight: 5 },
  { arbitrary: restart, weight: 2 },
  { arbitrary: takeAndDie, weight: 5 },
  { arbitrary: pause, weight: 1 },
  { arbitrary: resume, weight: 6 },
  { arbitrary: pump, weight: 4 },
  { arbitrary: reconcile, weight: 2 },
  { arbitrary: flush, weight: 2 },
  { arbitrary: loseOne, weight: 2 },
)
