import { randomUUID } from 'node:crypto'
import { ignoreDelivery, noteDelivery, type SubmitRequest, submitBuild } from '@waggle/control'
import { type Hook, isWaggleError, makeHook, type Repo } from '@waggle/domain'
import { verifyHmac256 } from '@waggle/secrets'
import type { ApiDeps } from '../api-deps.ts'
import { type Call, header } from '../http/call.ts'
import { type JsonBody, parseJsonBody } from '../http/json-body.ts'
import { empty, type Reply } from '../http/reply.ts'
import { type Route, route } from '../http/route.ts'
import { badRequest, HttpError } from '../http/status-of.ts'
import { bodyFacts, RefusalNotes } from '../refusal-notes.ts'
import { signerPlace } from '../repo-keys.ts'
import { answerInTime } from '../start-answer.ts'

const hookLimitBytes = 10_000_000
const workWithinMs = 5 * 60_000

/** The signed generic webhook, `POST /hook/{owner}/{name}`. Its answers are those of webhooks.md §1: nothing but the
 *  repository's identity, which is in the path, is looked at before the signature over the raw bytes is verified. */
export const hookRoutes = (deps: ApiDeps): readonly Route[] => {
  // An unknown repository costs the same work as a known one (fault H5).
  const decoy = {
    uid: 'unknown',
    signerSealed: deps.control.sealer.seal('x'.repeat(32), signerPlace('unknown')),
  }
  const refusals = new RefusalNotes(deps)
  return [
    route.open(
      'POST /hook/:owner/:name',
      async (call) => {
        const slug = `${call.params['owner']}/${call.params['name']}`
        const repo = await deps.control.database.repos.findBySlug(slug)
        const isGenuine = verify(deps, repo ?? decoy, call)
        if (repo === null) throw badRequest('Cannot find repository')
        if (!isGenuine) {
          refusals.add(repo, 'signature', call.body)
          throw badRequest('Invalid webhook signature')
        }
        try {
          return await receive(deps, call, repo, readHook(parseJsonBody(call.body)))
        } catch (error) {
          if (error instanceof HttpError || isWaggleError(error, 'invalid'))
            refusals.add(repo, `payload: ${error.message}`, call.body)
          throw error
        }
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

/** `{ref, after?, before?, message?, params?, changed_files?}`. */
const readHook = (body: JsonBody): Hook => {
  const given = body.text('ref', 500) ?? ''
  if (given === '') throw badRequest('ref: required')
  const ref = given.startsWith('refs/') ? given : `refs/heads/${given}`
  const after = body.text('after', 100) ?? ''
  const before = body.text('before', 100) ?? ''
  for (const [name, id] of Object.entries({ after, before }))
    if (id !== '' && !commitId.test(id)) throw badRequest(`${name}: not a full commit id`)
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

/** Every genuine webhook leaves a delivery with what became of it. */
const receive = async (deps: ApiDeps, call: Call, repo: Repo, hook: Hook): Promise<Reply> => {
  const delivery = header(call, 'x-waggle-delivery')
  if (delivery.length > 200) throw badRequest('X-Waggle-Delivery: longer than 200 characters')
  const name = delivery || randomUUID()
  const request: SubmitRequest = {
    repo,
    hook,
    cloneUrl: repo.gitHttpUrl,
    manifest: 'fetch',
    resolve: true,
    body: bodyFacts(call.body),
    deliveryKey: `hook:${name}`,
  }
  if (zeros.test(hook.after)) return deleted(deps, request)
  if (!repo.active) {
    await ignoreDelivery(deps.control, request, 'the repository is not active')
    return empty(200)
  }
  // Stored before the work begins: an answered webhook is not lost with this process.
  await noteDelivery(deps.control, request)
  const signal = AbortSignal.timeout(workWithinMs)
  // Not tied to the connection: a sender that hangs up early must not abort the work.
  const work = submitBuild(deps.control, { ...request, isNoted: true }, signal)
  return answerInTime(deps, work, name)
}

/** A ref that is gone asks for no build; a branch leaves the list of newest builds (scheduling.md §4.6). */
const deleted = async ({ control }: ApiDeps, request: SubmitRequest): Promise<Reply> => {
  const { repo, hook } = request
  const isBranch = hook.event === 'push'
  if (isBranch) await control.database.latest.delete(repo.id, { type: 'branch', name: hook.target })
  await ignoreDelivery(
    control,
    request,
    isBranch ? 'the branch was deleted' : 'the tag was deleted',
  )
  return empty()
}
