import { afterAll, beforeAll, describe, it } from 'vitest'
import { Ground, silenceMs } from './ground.ts'
import { openReplicas, type Replicas } from './open-replicas.ts'
import { isWhole, raceSize, raceTimeoutMs } from './race-size.ts'
import { acceptsOfOneStage } from './suites/accepts.ts'
import { approvalPushAccept } from './suites/approval-push-accept.ts'
import { cancelAndFinish } from './suites/cancel-finish.ts'
import { copiesOfWebhooks } from './suites/copies-of-webhooks.ts'
import { reaperAndFinish } from './suites/reaper-finish.ts'
import { reconcilersAndAccepts } from './suites/reconcilers-accepts.ts'

/** The race suites of reliability.md D.3, on one database: half of each suite's races in CI, all of them on each database
 *  by hand. Those of real processes only, cancel and finish, are all run on PostgreSQL, always. */
export const describeRaces = (name: 'sqlite' | 'postgres'): void => {
  let replicas: Replicas
  let ground: Ground

  beforeAll(async () => {
    // An attempt is silent as soon as a test says so; nothing else looks for silent ones here.
    const timers = { requeueMs: silenceMs, lostMs: silenceMs, graceMs: 0, breakerMs: 0 }
    replicas = await openReplicas(name, timers)
    const { control } = replicas
    ground = new Ground(replicas, [await control.worker(), await control.worker()])
  })
  afterAll(() => replicas.close())

  const race = (
    title: string,
    whole: number,
    suite: (ground: Ground, count: number) => Promise<void>,
    share = isWhole ? 1 : 1 / 2,
  ): void => {
    it(title, () => suite(ground, raceSize(whole * share)), raceTimeoutMs)
  }

  describe(`races on ${name}`, () => {
    race(
      'a cancel and a finish that come together have one winner, and the loser hears it',
      10_000,
      cancelAndFinish,
      name === 'postgres' ? 1 : undefined,
    )
    race(
      'of 100 accepts of one stage by all replicas one is answered yes',
      1_000,
      acceptsOfOneStage,
    )
    race(
      'of 20 copies of a webhook to three replicas one builds, and numbers have no gap',
      1_000,
      copiesOfWebhooks,
    )
    race(
      'an approval, a forced push and an accept that come together leave nothing that runs unasked',
      2_000,
      approvalPushAccept,
    )
    race('of the reaper and a late finish one ends the stage, once', 5_000, reaperAndFinish)
    race(
      'two reconcilers and accepts that come together lose no offer and double no stage',
      5_000,
      reconcilersAndAccepts,
    )
  })
}
