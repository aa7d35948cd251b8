import { setTimeout as delay } from 'node:timers/promises'
import { type SubmitResult, submitBuild } from '@waggle/control'
import { type Hook, makeHook, type Repo } from '@waggle/domain'
import { verifyHmac256 } from '@waggle/secrets'
import type { ApiDeps } from '../api-deps.ts'
import { type Call, header } from '../http/call.ts'
import { type JsonBody, parseJsonBody } from '../http/json-body.ts'
import { empty, json, type Reply } from '../http/reply.ts'
import { type Route, route } from '../http/route.ts'
import { badRequest } from '../http/status-of.ts'
import { signerPlace } from '../repo-keys.ts'
import { viewBuild } from '../shapes/view-build.ts'

const hookLimitBytes = 10_000_000
const answerWithinMs = 2_000
const workWithinMs = 5 * 60_000

/** The signed generic webhook, `POST /hook/{owner}/{name}`. Its answers are those of webhooks.md §1: nothing but the
 *  repository's identity, which is in the path, is looked at before the signature over the raw bytes is verified. */
export const hookRoutes = (deps: ApiDeps): readonly Route[] => {
  // An unknown repository costs the same work as a known one (fault H5).
  const decoy = {
    uid: 'unknown',
    signerSealed: deps.control.sealer.seal('x'.repeat(32), signerPlace('unknown')),
  }
  return [
    route.open(
      'POST /hook/:owner/:name',
      async (call) => {
        const slug = `${call.params['owner']}/${call.params['name']}`
        const repo = await deps.control.database.repos.findBySlug(slug)
        const isGenuine = verify(deps, repo ?? decoy, call)
        if (repo === null) throw badRequest('Cannot find repository')
        if (!isGenuine) throw badRequest('Invalid webhook signature')
        const hook = readHook(parseJsonBody(call.body))
        if (hook === 'deleted') return empty()
        if (!repo.active) return empty(200)
        return trigger(deps, call, repo, hook)
      },
      { bodyLimitBytes: hookLimitBytes },
    ),
  ]
}

const verify = (
  { control }: ApiDeps,
  { uid, signerSealed }: Pick<Repo, 'uid' | 'signerSealed'>,
  call: Call,
): boolean => {
  const signer = control.sealer.open(signerSealed, signerPlace(uid))
  return verifyHmac256(signer, call.body, header(call, 'x-waggle-signature-256'))
}

const zeros = /^0{40}(0{24})?$/
const commitId = /^[0-9a-f]{40}([0-9a-f]{24})?$/i

/** `{ref, after?, before?, message?, params?, changed_files?}`. A ref that is gone asks for nothing. */
const readHook = (body: JsonBody): Hook | 'deleted' => {
  const given = body.text('ref', 500) ?? ''
  if (given === '') throw badRequest('ref: required')
  const ref = given.startsWith('refs/') ? given : `refs/heads/${given}`
  const after = body.text('after', 100) ?? ''
  const before = body.text('before', 100) ?? ''
  for (const [name, id] of Object.entries({ after, before }))
    if (id !== '' && !commitId.test(id)) throw badRequest(`${name}: not a full commit id`)
  if (zeros.test(after)) return 'deleted'
  const isTag = ref.startsWith('refs/tags/')
  const short = ref.replace(/^refs\/(heads|tags)\//, '')
  return makeHook({
    trigger: '@hook',
    event: isTag ? 'tag' : 'push',
    action: isTag ? 'create' : '',
    ref,
    after,
    before,
    source: isTag ? '' : short,
    target: isTag ? '' : short,
    message: body.text('message', 100_000) ?? '',
    params: body.record('params') ?? {},
    changedFiles: body.texts('changed_files', { items: 100_000, characters: 4_096 }),
  })
}

/** Not tied to the connection: a sender that hangs up early must not abort the work. */
const trigger = async (deps: ApiDeps, call: Call, repo: Repo, hook: Hook): Promise<Reply> => {
  const delivery = header(call, 'x-waggle-delivery')
  if (delivery.length > 200) throw badRequest('X-Waggle-Delivery: longer than 200 characters')
  const work = submitBuild(
    deps.control,
    {
      repo,
      hook,
      cloneUrl: repo.gitHttpUrl,
      manifest: 'fetch',
      resolve: true,
      ...(delivery === '' ? {} : { deliveryKey: `hook:${delivery}` }),
    },
    AbortSignal.timeout(workWithinMs),
  )
  const timer = new AbortController()
  const late = delay(answerWithinMs, 'late' as const, { signal: timer.signal }).catch(
    () => 'late' as const,
  )
  try {
    const result = await Promise.race([work, late])
    if (result !== 'late') return answer(deps, result)
  } finally {
    timer.abort()
  }
  deps.background.add('webhook', work)
  return json({ delivery: delivery || call.id }, 202)
}

const answer = async ({ control }: ApiDeps, result: SubmitResult): Promise<Reply> =>
  result.kind === 'skipped' ? json(null) : json(await viewBuild(control, result.build))
