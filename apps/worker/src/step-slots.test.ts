import { describe, expect, it } from 'vitest'
import { createStepSlots } from './step-slots.ts'

const never = new AbortController().signal

/** Whether it got a place by now. */
const asked = (slots: ReturnType<typeof createStepSlots>, signal = never) => {
  const state = { has: false, isRefused: false, release: (): void => undefined }
  const settled = slots(signal).then(
    (release) => {
      state.has = true
      state.release = release
    },
    () => {
      state.isRefused = true
    },
  )
  return { state, settled }
}
const turn = () => new Promise(setImmediate)

describe('places for steps at once (pipeline.md §14.4, rule 2)', () => {
  it('are given to so many, then in the order they were asked for', async () => {
    const slots = createStepSlots(2)
    const [a, b, c, d] = [asked(slots), asked(slots), asked(slots), asked(slots)]
    await turn()
    expect([a, b, c, d].map(({ state }) => state.has)).toEqual([true, true, false, false])
    b.state.release()
    await turn()
    expect([c.state.has, d.state.has]).toEqual([true, false])
    a.state.release()
    await turn()
    expect(d.state.has).toBe(true)
  })

  it('are given back once, however often that is said', async () => {
    const slots = createStepSlots(1)
    const first = asked(slots)
    await first.settled
    first.state.release()
    first.state.release()
    const [second, third] = [asked(slots), asked(slots)]
    await turn()
    expect([second.state.has, third.state.has]).toEqual([true, false])
  })

  it('are not waited for any more by who is cancelled, and go to the next', async () => {
    const slots = createStepSlots(1)
    const first = asked(slots)
    const cancel = new AbortController()
    const [gone, next] = [asked(slots, cancel.signal), asked(slots)]
    cancel.abort()
    await gone.settled
    expect(gone.state).toMatchObject({ has: false, isRefused: true })
    await first.settled
    first.state.release()
    await next.settled
    expect(next.state.has).toBe(true)
    const late = asked(slots, cancel.signal)
    await late.settled
    expect(late.state.isRefused).toBe(true)
  })
})
