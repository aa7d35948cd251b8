import { describe, expect, it } from 'vitest'
import { engineAway, isEngineAway, refusedByEngine, statusOf } from './translate-error.ts'

describe('errors of the engine', () => {
  it('lose what follows `extra info:`, which can hold the environment', () => {
    const error = refusedByEngine(500, 'cannot start Extra Info: {Env:[TOKEN=secret]}')
    expect(error.message).toBe('cannot start')
    expect(JSON.stringify([error, error.fields])).not.toContain('secret')
  })

  it('keep the status, and get the kind that goes with it', () => {
    const kinds = [400, 401, 404, 409, 500].map((status) => {
      const error = refusedByEngine(status, 'no')
      return [statusOf(error), error.kind]
    })
    expect(kinds).toEqual([
      [400, 'invalid'],
      [401, 'denied'],
      [404, 'not_found'],
      [409, 'conflict'],
      [500, 'internal'],
    ])
  })

  it('are told apart from an engine that does not answer', () => {
    const away = engineAway(new Error('connect ENOENT'))
    expect([isEngineAway(away), away.kind, statusOf(away)]).toEqual([true, 'unavailable', 0])
    expect(isEngineAway(refusedByEngine(500, 'no'))).toBe(false)
  })
})
