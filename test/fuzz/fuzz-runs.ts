import type { Parameters } from 'fast-check'

/** Inputs of all properties together: what CI can afford, or what `--runs` says. */
const total = Number(process.env['WAGGLE_TEST_RUNS'] ?? 30_000)

/** A share of all inputs, and the seed to repeat a run with. */
export const fuzzRuns = (share: number): Parameters<unknown> => ({
  numRuns: Math.max(1, Math.round(total * share)),
  ...(process.env['WAGGLE_TEST_SEED'] ? { seed: Number(process.env['WAGGLE_TEST_SEED']) } : {}),
})

/** Time that vitest gives a property; a hang shows earlier, by the time of its input. */
export const fuzzTimeoutMs = Math.max(120_000, total * 20)
