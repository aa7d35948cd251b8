import assert from 'node:assert/strict'
import fc from 'fast-check'
import { it } from 'vitest'
import { Model } from './model.ts'
import { openWorlds } from './open-world.ts'
import { sequences } from './sequence.ts'
import { settle } from './settle.ts'

const environment = process.env

/** Sequences on SQLite: what CI can afford, or what `--runs` says. PostgreSQL gets a fortieth of them. */
const total = Number(environment['WAGGLE_TEST_RUNS'] ?? 20_000)
const shares = { sqlite: 1, postgres: 1 / 40 }
/** In so many sequences each effect comes some ten times at least; in fewer, one may be missing by chance. */
const enough = 5_000

/** Random sequences against the model, as one test. A failure prints its seed, its path and the shortest sequence that
 *  fails; `WAGGLE_TEST_SEED` and `WAGGLE_TEST_PATH` make it come again. `share`: of the sequences on this database. */
export const itAgrees = (database: 'sqlite' | 'postgres', share = 1): void => {
  const numRuns = Math.max(1, Math.round(total * shares[database] * share))
  it(
    `SQL, queue and model agree after each act of random sequences on ${database}`,
    async () => {
      const worlds = await openWorlds(database)
      try {
        const property = fc.asyncProperty(sequences, async (sequence) => {
          const world = await worlds.fresh()
          const model = new Model()
          await sequence.run(model, world)
          await settle(model, world)
        })
        await fc.assert(property, { numRuns, ...again() })
        const { tally } = worlds
        const isAll = numRuns >= enough && again().path === undefined
        assert.deepEqual(isAll ? tally.missing : [], [], tally.toString())
      } finally {
        await worlds.close()
      }
    },
    // Some ten milliseconds each; a machine that is busy with other things may take many times as long.
    Math.max(600_000, numRuns * 500),
  )
}

const again = (): { readonly seed?: number; readonly path?: string } => {
  const { WAGGLE_TEST_SEED: seed, WAGGLE_TEST_PATH: path } = environment
  return { ...(seed ? { seed: Number(seed) } : {}), ...(path ? { path } : {}) }
}
