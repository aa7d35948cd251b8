import { type ConfigFile, type Hook, invalid } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { extensionFacts } from '../extensions/extension-facts.ts'
import { isUsersMistake } from '../is-users-mistake.ts'
import type { SubmitRequest } from './submit-request.ts'

/** Turns what was fetched into the text of a pipeline file (scheduling.md §3.6). Imports come from the same commit.
 *  The result is what a build keeps, so that all its stages run from the same text. */
export const convertManifest = async (
  deps: Pick<ControlDeps, 'source' | 'converter' | 'database' | 'extensions'>,
  request: SubmitRequest,
  { hook, text }: { readonly hook: Hook; readonly text: string },
  signal?: AbortSignal,
): Promise<{ readonly hook: Hook; readonly text: string; readonly error: string | null }> => {
  const { repo, manifest, cloneUrl } = request
  const path = manifest === 'fetch' ? repo.configPath : (manifest.path ?? '.drone.yml')
  const readFile = async (wanted: string, within: AbortSignal): Promise<string | null> => {
    if (cloneUrl === '' || hook.after === '')
      throw invalid('no_source', 'imports need a repository and a commit')
    const question = { url: cloneUrl, ref: hook.ref, commit: hook.after, path: wanted }
    return (await deps.source.read(question, within)).file
  }
  const findTemplate = async (name: string) =>
    (await deps.database.templates.findByName(repo.namespace, name))?.data ?? null
  try {
    const ask = deps.extensions?.convert
    const facts = extensionFacts(request, hook)
    const extension = ask && {
      convert: (file: ConfigFile, _: unknown, within: AbortSignal) => ask(facts, file, within),
    }
    const context = { repo, hook, readFile, findTemplate, ...(extension && { extension }) }
    const result = await deps.converter.convert({ path, text }, context, signal)
    return result.kind === 'text'
      ? { hook, text: result.text, error: null }
      : { hook, text, error: result.error }
  } catch (error) {
    if (!isUsersMistake(error)) throw error
    return { hook, text, error: `configuration: ${(error as Error).message}` }
  }
}
