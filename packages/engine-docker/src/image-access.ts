import { createHash, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import type { Logger, SpecStep } from '@waggle/domain'
import type { EngineClient } from './engine-client.ts'
import { isEngineAway, statusOf } from './translate-error.ts'

/** Who asks for an image: a step of a repository, with or without credentials. */
export type ImageUser = Pick<SpecStep, 'image' | 'auth' | 'labels'>

interface AccessDeps {
  readonly client: EngineClient
  readonly log: Logger
}

/** Whether the step may use what the engine has under this name without asking the registry. An image that was pulled
 *  with credentials is for the repository that pulled it, with the same credentials, only (threats.md T-26). Yes where
 *  the engine does not have it: then it is pulled anyway.
 *
 *  Who has pulled an image stands in further tags of it, `waggle/access/<image>:<repository>-<holder>`: all workers of an
 *  engine see them, and they go with the image. The same image under a name that somebody else gave it stays as free as
 *  that name is. */
export const mayUseImage = async (client: EngineClient, user: ImageUser): Promise<boolean> =>
  mayUse(await findImage(client, user.image), user)

/** The same of an image that was looked for. */
export const mayUse = async (found: LocalImage | null, user: ImageUser): Promise<boolean> => {
  if (found === null) return true
  const holders = holdersOf(found, user.image)
  if (holders.length === 0 || holders.includes(everybody)) return true
  return user.auth !== null && holders.includes(await holderOf(user))
}

/** Notes a pull that the registry granted. Throws where the engine refuses: an image without its mark is everybody's. */
export const notePull = async (
  deps: AccessDeps,
  user: ImageUser,
  before: LocalImage | null,
): Promise<void> => {
  const found = await findImage(deps.client, user.image)
  if (found === null) return
  const holders = holdersOf(found, user.image)
  const holder = user.auth === null ? everybody : await holderOf(user)
  // Nothing has to be said of an image that nobody needed credentials for.
  const isNews = holders.length > 0 || user.auth !== null
  if (isNews && !holders.includes(holder) && !holders.includes(everybody)) {
    const query = { repo: repositoryOf(found), tag: `${nameOf(user.image)}-${holder}` }
    await deps.client.call('POST', `/images/${encodeURIComponent(found.Id)}/tag`, { query })
  }
  if (before !== null && before.Id !== found.Id) await forget(deps, before.Id)
}

export interface LocalImage {
  readonly Id: string
  readonly RepoTags?: readonly string[] | null
  readonly RepoDigests?: readonly string[] | null
}

/** `null` where the engine does not have it, or takes the name for none. */
export const findImage = async (
  client: EngineClient,
  image: string,
  signal?: AbortSignal,
): Promise<LocalImage | null> => {
  const path = `/images/${encodeURIComponent(image)}/json`
  try {
    return await client.call<LocalImage>('GET', path, { signal })
  } catch (error) {
    if (isEngineAway(error) || statusOf(error) >= 500) throw error
    return null
  }
}

const everybody = 'public'
const prefix = 'waggle/access/'

/** A tag is one image's only, so each image has a name of its own for them. */
const repositoryOf = ({ Id }: LocalImage): string =>
  `${prefix}${Id.replace('sha256:', '').slice(0, 32)}`

const marksOf = ({ RepoTags }: LocalImage): readonly string[] =>
  (RepoTags ?? []).filter((tag) => tag.startsWith(prefix))

/** Of the name that is asked for; of any where it is asked for by its id. */
const holdersOf = (image: LocalImage, asked: string): readonly string[] => {
  const own = `${repositoryOf(image)}:`
  const name = isId(asked) ? '' : `${nameOf(asked)}-`
  return marksOf(image).flatMap((tag) =>
    tag.startsWith(own + name) ? [tag.slice(tag.lastIndexOf('-') + 1)] : [],
  )
}

const isId = (image: string): boolean => /^(sha256:)?[0-9a-f]{64}$/.test(image)

/** Whether the name is such a mark: nobody's image. */
export const isMark = (image: string): boolean => image.includes(prefix)

/** Stands for the image's name without tag and digest: whoever may pull one may pull the others. */
const nameOf = (image: string): string => {
  const [name = ''] = image.split('@', 1)
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1)
  const plain = colon < 0 ? name : name.slice(0, colon)
  return createHash('sha256').update(plain).digest('hex').slice(0, 16)
}

/** Removes an image that a newer one has replaced: with its marks it would not look unused to anybody who tidies up. The
 *  marks go last, so that it is never there without them. */
const forget = async ({ client, log }: AccessDeps, id: string): Promise<void> => {
  try {
    const old = await findImage(client, id)
    if (old === null || marksOf(old).length !== (old.RepoTags ?? []).length) return
    for (const reference of [...(old.RepoDigests ?? []), ...marksOf(old)])
      await client.call('DELETE', `/images/${encodeURIComponent(reference)}`)
  } catch (err) {
    // 409: a container still uses it.
    log.debug('replaced image not removed', { err, name: id })
  }
}

const derive = promisify(scrypt) as (text: string, salt: string, length: number) => Promise<Buffer>

/** By a hash of the step's credentials and repository, which is made once for each: it is slow, so that nobody finds a password by it. */
const holderOf = ({ auth, labels }: ImageUser): Promise<string> => {
  const salt = JSON.stringify([
    ...[labels['io.waggle.installation'], labels['io.drone.repo.slug']],
    ...[auth?.address, auth?.username],
  ])
  const key = createHash('sha256')
    .update(JSON.stringify([salt, auth?.password]))
    .digest('hex')
  const known = holders.get(key)
  if (known) return known
  if (holders.size >= mostHolders) holders.clear()
  const made = derive(auth?.password ?? '', salt, 16).then((bytes) => bytes.toString('hex'))
  holders.set(key, made)
  made.catch(() => holders.delete(key))
  return made
}

const holders = new Map<string, Promise<string>>()
const mostHolders = 1_000
