import type { JsonBody } from './http/json-body.ts'
import { badRequest } from './http/status-of.ts'

const valueLimit = 512 * 1024

/** What a new secret may be exposed to; the value is sealed by whoever stores it. */
interface NewSecretBody {
  readonly name: string
  readonly data: string
  readonly pullRequest: boolean
  readonly pullRequestPush: boolean
  readonly forks: boolean
}

/** Body of a new secret (rest-api.md §7.5); `forks` is Waggle's own. */
export const readNewSecret = (body: JsonBody): NewSecretBody => {
  const name = body.text('name') ?? ''
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(name)) throw badRequest('Invalid Secret Name')
  return {
    name,
    data: checkValue(body.text('data', valueLimit) ?? ''),
    pullRequest: body.flag('pull_request') ?? false,
    pullRequestPush: body.flag('pull_request_push') ?? false,
    forks: body.flag('forks') ?? false,
  }
}

/** A change of a secret: what is absent stays. */
export const readSecretPatch = (
  body: JsonBody,
  seal: (data: string) => Uint8Array,
): {
  dataSealed?: Uint8Array
  pullRequest?: boolean
  pullRequestPush?: boolean
  forks?: boolean
} => {
  const data = body.text('data', valueLimit)
  const pullRequest = body.flag('pull_request')
  const pullRequestPush = body.flag('pull_request_push')
  const forks = body.flag('forks')
  return {
    ...(data === undefined ? {} : { dataSealed: seal(checkValue(data)) }),
    ...(pullRequest === undefined ? {} : { pullRequest }),
    ...(pullRequestPush === undefined ? {} : { pullRequestPush }),
    ...(forks === undefined ? {} : { forks }),
  }
}

const checkValue = (data: string): string => {
  if (data === '') throw badRequest('Invalid Secret Value')
  return data
}
