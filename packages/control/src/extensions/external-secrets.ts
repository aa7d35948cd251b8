import { type ExternalSecret, type GivenSecret, mayHaveSecret, originOf } from '@waggle/domain'
import { namedSecrets, type ParsedManifest, substitutionValues } from '@waggle/pipeline'
import { FewAtOnce } from '../few-at-once.ts'
import type { SecretFacts } from '../hand-over/given-secrets.ts'
import { attemptAnswers } from './attempt-answers.ts'
import { type ExternalDeps, orNothing } from './resolve-external.ts'

const mostDocuments = 200
const asking = new FewAtOnce(8)

/** `known`: what other sources gave, which come first (pipeline.md §12.11).
 *
 *  Values of the secret extension for the file's `kind: secret` documents with `get` (scheduling.md §15.5), one call a
 *  document that the stage names. Names are compared with case; the first document of a name with a value counts. A
 *  build gets what the answer says its origin may have (rule X15). A failure is logged and gives no value (rule X16). */
export const externalSecrets = async (
  deps: ExternalDeps,
  facts: SecretFacts,
  known: readonly GivenSecret[],
): Promise<readonly GivenSecret[]> => {
  const { extensions, database } = deps
  const ask = extensions?.secret
  if (ask === undefined) return []
  const { given, workerEnvironment } = facts
  const manifest = facts.parse()
  const values = substitutionValues(given, workerEnvironment)
  const names = namedSecrets(manifest, given.stage.name, values)
  const documents = wantedDocuments(manifest, names, known)
  if (documents.length > mostDocuments)
    deps.log.warn('secret extension is not asked for all documents', { count: documents.length })
  const origin = originOf(facts.build, facts.repo)
  const answers = await Promise.all(
    documents.slice(0, mostDocuments).map(({ name, get }) => {
      const key = JSON.stringify(['secret', given.stage.id, given.attempt, get.path, get.name])
      const once = () =>
        attemptAnswers(database).once(key, () =>
          orNothing(deps, facts, 'secret', () => ask(facts, { path: get.path, name: get.name })),
        )
      return asking.run(given.stage.id, once).then((answer) => ({ name, answer }))
    }),
  )
  return firstOfEachName(answers.flatMap(({ name, answer }) => allowed(name, answer, origin)))
}

const wantedDocuments = (
  manifest: ParsedManifest,
  names: readonly string[],
  known: readonly GivenSecret[],
) => {
  const wanted = new Set(names)
  const stored = new Set<string>()
  for (const { name, value, isExact } of known)
    if (value !== '') stored.add(isExact ? `=${name}` : name.toLowerCase())
  return manifest.documents.flatMap((document) => {
    if (document.role !== 'secret') return []
    const { secret } = document
    const isKnown = stored.has(`=${secret.name}`) || stored.has(secret.name.toLowerCase())
    const isPointer = secret.get.path !== '' || secret.get.name !== ''
    return isPointer && !isKnown && wanted.has(secret.name) ? [secret] : []
  })
}

const allowed = (
  name: string,
  answer: ExternalSecret | null,
  origin: ReturnType<typeof originOf>,
): readonly GivenSecret[] =>
  answer !== null && mayHaveSecret(origin, answer)
    ? [{ name, value: answer.value, isExact: true, isExternal: true }]
    : []

const firstOfEachName = (secrets: readonly GivenSecret[]): readonly GivenSecret[] => {
  const names = new Set<string>()
  return secrets.filter(({ name }) => !names.has(name) && names.add(name))
}
