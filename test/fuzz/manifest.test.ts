import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fuzzRuns, fuzzTimeoutMs } from './fuzz-runs.ts'
import { judgeManifest } from './judge-manifest.ts'
import { damagedTexts, formedTexts, hostileValues, soupTexts } from './manifest-texts.ts'

describe('any pipeline file', () => {
  it.each<[string, fc.Arbitrary<string>, number, number]>([
    ['of the right form with whatever in it', formedTexts, 0.4, 0.02],
    ['that was right and is damaged', damagedTexts, 0.25, 0.02],
    ['of pieces thrown together', soupTexts, 0.35, 0],
  ])(
    '%s neither breaks nor hangs the server, nor gets what policy does not give',
    (_, texts, share, compiledShare) => {
      const runs = fuzzRuns(share)
      let compiled = 0
      fc.assert(
        fc.property(texts, hostileValues, fc.boolean(), (text, value, isFork) => {
          compiled += judgeManifest(text, value, isFork)
        }),
        runs,
      )
      // Inputs that are all refused at the door would prove nothing.
      expect(compiled).toBeGreaterThanOrEqual(Math.floor((runs.numRuns ?? 0) * compiledShare))
    },
    fuzzTimeoutMs,
  )
})
