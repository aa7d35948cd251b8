import { createHash } from 'node:crypto'
import {
  type ConfigFile,
  type ExtensionFacts,
  type Extensions,
  type ExternalVariable,
  invalid,
  type RegistryCredentials,
} from '@waggle/domain'
import { AnswerCache } from './answer-cache.ts'
import {
  type Asked,
  type AskOptions,
  askExtension,
  memberOf,
  readAnswer,
  refusalText,
  textOf,
} from './ask-extension.ts'
import { type Endpoint, endpointUrl } from './endpoint.ts'
import { factsQuestion, noToken, type Shapes } from './question.ts'

/** Which extensions there are. One without an address is absent. */
export interface ExtensionSettings {
  readonly shapes: Shapes
  /** Whether they may be at loopback and private addresses. */
  readonly allowPrivate: boolean
  /** Whether answers with secrets in them have to be encrypted. */
  readonly isEncrypted: boolean
  readonly config?: Endpoint
  /** `pathEnding`: only files whose path ends so are converted; empty = all. `cacheSize`: answers kept. */
  readonly convert?: Endpoint & { readonly pathEnding: string; readonly cacheSize: number }
  readonly validate?: Endpoint
  readonly secret?: Endpoint
  readonly registry?: Endpoint
  readonly environment?: Endpoint
  readonly admission?: Endpoint
}

const mebibyte = 1024 * 1024
/** A pipeline file of 1 MiB as JSON text, with room for escapes. */
const fileBytes = 8 * mebibyte
const factBytes = mebibyte
const mostEntries = 1_000

/** The HTTP clients of the extension protocols (scheduling.md §15). Throws `invalid` for an address that is none. */
export const createExtensions = (settings: ExtensionSettings): Extensions => {
  const { shapes, allowPrivate, isEncrypted } = settings
  const ask = (
    kind: string,
    endpoint: Endpoint,
    more: Partial<AskOptions> & { accept?: string },
  ): Asked => {
    const name = `${kind} extension`
    endpointUrl(endpoint.url, name)
    const accept = more.accept ?? `application/vnd.drone.${kind}.v1+json`
    return { limitBytes: fileBytes, ...more, allowPrivate, name, accept, endpoint }
  }
  const { config, convert, validate, secret, registry, environment, admission } = settings
  const secretly = { limitBytes: factBytes, isEncrypted }
  return {
    ...(config && { config: createConfig(ask('config', config, {}), shapes) }),
    ...(convert && { convert: createConvert(ask('convert', convert, {}), shapes, convert) }),
    ...(validate && {
      validate: createValidate(ask('validate', validate, { limitBytes: factBytes }), shapes),
    }),
    ...(secret && { secret: createSecret(ask('secret', secret, secretly), shapes) }),
    ...(registry && { registry: createRegistry(ask('registry', registry, secretly), shapes) }),
    ...(environment && {
      environment: createEnvironment(
        ask('environment', environment, {
          ...secretly,
          accept: 'application/vnd.drone.env.v2+json',
        }),
        shapes,
      ),
    }),
    ...(admission && {
      admit: createAdmit(ask('admission', admission, { limitBytes: factBytes }), shapes),
    }),
  }
}

type Ask<K extends keyof Extensions> = NonNullable<Extensions[K]>

/** §15.2. */
const createConfig =
  (asked: Asked, shapes: Shapes): Ask<'config'> =>
  async (facts, signal) => {
    const question = { ...factsQuestion(shapes, facts), token: noToken }
    return dataOf(asked, readAnswer(asked, await askExtension(asked, question, signal)))
  }

/** §15.3, §3.6. */
const createConvert = (
  asked: Asked,
  shapes: Shapes,
  { pathEnding, cacheSize }: { readonly pathEnding: string; readonly cacheSize: number },
): Ask<'convert'> => {
  const cache = new AnswerCache<string | null>(cacheSize)
  return async (facts, file, signal) => {
    if (!file.path.endsWith(pathEnding)) return null
    const key = cacheKey(facts, file)
    const kept = key === null ? null : cache.find(key)
    if (kept) return kept.answer
    const config = { data: file.text, kind: '' }
    const question = { ...factsQuestion(shapes, facts), config, token: noToken }
    const answer = dataOf(asked, readAnswer(asked, await askExtension(asked, question, signal)))
    if (key !== null) cache.keep(key, answer)
    return answer
  }
}

/** Only of a build whose commit is known. Beyond Drone's members it holds all that the answer may depend on: two
 *  promotions of one commit are not the same. */
const cacheKey = ({ repo, build }: ExtensionFacts, file: ConfigFile): string | null => {
  if (build.after === '') return null
  const { event, action, ref, after, target, deployTo, cron, params } = build
  const facts = [repo.id, event, action, ref, after, target, deployTo, cron, params, file]
  return createHash('sha256').update(JSON.stringify(facts)).digest('base64')
}

/** §15.4. Only the status counts. */
const createValidate =
  (asked: Asked, shapes: Shapes): Ask<'validate'> =>
  async (facts, text, signal) => {
    const config = { data: text, kind: '' }
    const question = { ...factsQuestion(shapes, facts), config, token: noToken }
    const answer = await askExtension(asked, question, signal)
    if (answer.status <= 299) return { kind: 'valid' }
    if (answer.status === 498) return { kind: 'skip', reason: refusalText(answer) }
    if (answer.status === 499) return { kind: 'block' }
    return { kind: 'error', message: refusalText(answer) }
  }

/** §15.5. */
const createSecret =
  (asked: Asked, shapes: Shapes): Ask<'secret'> =>
  async (facts, { path, name }, signal) => {
    const question = { path, name, ...factsQuestion(shapes, facts) }
    const answer = readAnswer(asked, await askExtension(asked, question, signal))
    if (answer !== null) mustBeObject(asked, answer)
    const value = textOf(answer, 'data') ?? ''
    if (value === '') return null
    const isTrue = (key: string) => memberOf(answer, key) === true
    return { value, pullRequest: isTrue('pull_request') || isTrue('pull'), forks: isTrue('forks') }
  }

/** §15.6. */
const createRegistry =
  (asked: Asked, shapes: Shapes): Ask<'registry'> =>
  async (facts, signal) => {
    const question = factsQuestion(shapes, facts)
    const answer = readAnswer(asked, await askExtension(asked, question, signal))
    return listOf(asked, answer).flatMap((entry): RegistryCredentials[] => {
      const address = textOf(entry, 'address') ?? ''
      const username = textOf(entry, 'username') ?? ''
      const password = textOf(entry, 'password') ?? ''
      return address === '' ? [] : [{ address, username, password }]
    })
  }

/** §15.6: a list, or the plain map of the first version. */
const createEnvironment =
  (asked: Asked, shapes: Shapes): Ask<'environment'> =>
  async (facts, signal) => {
    const question = factsQuestion(shapes, facts)
    const answer = readAnswer(asked, await askExtension(asked, question, signal))
    const isMap = typeof answer === 'object' && answer !== null && !Array.isArray(answer)
    const entries = isMap
      ? Object.entries(answer).map(([name, data]) => ({ name, data }))
      : listOf(asked, answer)
    return bounded(asked, entries).flatMap((entry): ExternalVariable[] => {
      const name = textOf(entry, 'name') ?? ''
      const value = textOf(entry, 'data')
      if (value === null || !isVariable(name)) return []
      return [{ name, value, isMasked: memberOf(entry, 'mask') === true }]
    })
  }

const isVariable = (name: string): boolean =>
  /^[A-Za-z_][A-Za-z0-9_]{0,249}$/.test(name) && name !== '__proto__'

/** §15.7. Whoever cannot be asked about is not admitted: what is thrown refuses the login. */
const createAdmit =
  (asked: Asked, shapes: Shapes): Ask<'admit'> =>
  async ({ event, user }, signal) => {
    const question = { event, user: shapes.user(user), token: noToken }
    const answer = await askExtension(asked, question, signal)
    if (answer.status > 299) return { kind: 'refused', message: refusalText(answer) }
    const said = readAnswer(asked, answer)
    // No user, no word about being an admin (quirk S19).
    if (said === null) return { kind: 'admitted', admin: null }
    mustBeObject(asked, said)
    return { kind: 'admitted', admin: memberOf(said, 'admin') === true }
  }

const dataOf = (asked: Asked, answer: unknown): string | null => {
  if (answer === null) return null
  mustBeObject(asked, answer)
  const data = memberOf(answer, 'data') ?? ''
  if (typeof data !== 'string')
    throw invalid('extension_answer', `${asked.name}: the answer's data is no text`)
  return data === '' ? null : data
}

const mustBeObject = ({ name }: Asked, answer: unknown): void => {
  if (typeof answer !== 'object' || Array.isArray(answer))
    throw invalid('extension_answer', `${name}: the answer is no JSON object`)
}

const listOf = (asked: Asked, answer: unknown): readonly unknown[] => {
  if (answer === null) return []
  if (!Array.isArray(answer))
    throw invalid('extension_answer', `${asked.name}: the answer is not a list`)
  return bounded(asked, answer)
}

const bounded = (asked: Asked, entries: readonly unknown[]): readonly unknown[] => {
  if (entries.length > mostEntries)
    throw invalid('extension_answer', `${asked.name}: more than ${mostEntries} entries`)
  return entries
}
