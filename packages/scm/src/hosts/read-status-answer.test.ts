import { describe, expect, it } from 'vitest'
import type { HostKind } from './host-place.ts'
import { type HostAnswer, readStatusAnswer } from './read-status-answer.ts'

const nowMs = 1_800_000_000_000
const read = (
  kind: HostKind,
  status: number,
  headers: HostAnswer['headers'] = {},
  body: unknown = {},
) =>
  readStatusAnswer(
    kind,
    { status, headers, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) },
    nowMs,
  )

describe('the answer of a host', () => {
  it('is taken at 201', () => {
    expect(read('github', 201)).toEqual({ status: 201, retryAfterMs: 0, reason: '' })
  })

  it.each([
    ['github', { message: 'Bad credentials' }, 'Bad credentials'],
    ['gitlab', { message: { name: ['is bad'] } }, '{"name":["is bad"]}'],
    ['gitlab', { error: 'invalid_token' }, 'invalid_token'],
    ['bitbucket', { type: 'error', error: { message: 'No such key' } }, 'No such key'],
    ['stash', { errors: [{ message: 'Commit is unknown' }] }, 'Commit is unknown'],
    ['stash', { errors: [], message: 'Other' }, 'Other'],
    ['gitea', '<html>', ''],
    ['gitea', 'null', ''],
    ['gitea', { message: `a\u0007\u001b[31m${'x'.repeat(900)}` }, `a [31m${'x'.repeat(294)}`],
  ] as const)('of %s says why: %j', (kind, body, reason) => {
    expect(read(kind, 422, {}, body)).toEqual({ status: 422, retryAfterMs: 0, reason })
  })

  it('of GitLab that has the state already is as good as taken', () => {
    const message = 'Cannot transition status via :enqueue from :pending'
    expect(read('gitlab', 400, {}, { message }).status).toBe(200)
    expect(read('gitea', 400, {}, { message }).status).toBe(400)
    expect(read('gitlab', 400, {}, { message: 'target_url is too long' }).status).toBe(400)
  })

  it.each([
    ['429 alone', 429, {}, 429, 0],
    ['429 with a wait', 429, { 'retry-after': '7' }, 429, 7_000],
    ['403 with a wait', 403, { 'retry-after': '60' }, 429, 60_000],
    [
      '403 with nothing left',
      403,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': `${nowMs / 1_000 + 90}` },
      429,
      90_000,
    ],
    ['429 of GitLab', 429, { 'ratelimit-reset': `${nowMs / 1_000 + 30}` }, 429, 30_000],
    ['a limit that is over', 429, { 'x-ratelimit-reset': '12' }, 429, 0],
    ['a wait of years', 429, { 'retry-after': '999999999' }, 429, 3_600_000],
    ['a wait that is none', 429, { 'retry-after': 'soon' }, 429, 0],
    ['403 that is a refusal', 403, { 'x-ratelimit-remaining': '12' }, 403, 0],
    ['503 with a wait', 503, { 'retry-after': '5' }, 503, 5_000],
  ] as const)('%s', (_, given, headers, status, retryAfterMs) => {
    expect(read('github', given, headers)).toMatchObject({ status, retryAfterMs })
  })
})
