import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openControl, type TestControl } from './open-control.ts'

let control: TestControl

beforeAll(async () => {
  control = await openControl()
})
afterAll(() => control?.close())

/** A file with one stage for each label. */
const labelled = (...labels: readonly string[]): string =>
  labels
    .map((label) =>
      JSON.stringify({
        kind: 'pipeline',
        type: 'docker',
        name: label,
        node: { group: label },
        steps: [{ name: 'a', image: 'b', commands: ['true'] }],
      }),
    )
    .join('\n---\n')

const names = (start: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${start}${i}`)

describe('partitions of one repository', () => {
  it('are capped: a build beyond ends in an error that says so, others go on', async () => {
    const repo = await control.repo()
    const submit = async (text: string) => {
      const result = await control.submit(repo, text)
      if (result.kind !== 'built') throw new Error(result.kind)
      return result
    }
    expect((await submit(labelled(...names('a', 60)))).build.status).toBe('pending')
    expect((await submit(labelled(...names('b', 40)))).build.status).toBe('pending')
    // What is there already costs nothing.
    expect((await submit(labelled(...names('a', 60)))).build.status).toBe('pending')
    const beyond = await submit(labelled('a0', 'c0', 'c1'))
    expect(beyond.build).toMatchObject({
      status: 'error',
      error: expect.stringContaining('2 further ones: at most 100 are allowed at once'),
    })
    expect(beyond.stages).toEqual([])
    const other = await control.submit(await control.repo(), labelled('c0'))
    expect(other).toMatchObject({ kind: 'built', build: { status: 'pending' } })
  })
})
