import { type Hook, isWaggleError, unavailable } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import type { SubmitRequest } from '../trigger/submit-request.ts'
import { extensionFacts } from './extension-facts.ts'

/** The pipeline file that the configuration extension has for this build; `null` = the repository's own counts. An
 *  extension that is away or refuses is no build: throws `unavailable` with its words, so that the sender comes again
 *  (scheduling.md §3.5). */
export const askConfig = async (
  { extensions }: Pick<ControlDeps, 'extensions'>,
  request: SubmitRequest,
  hook: Hook,
  signal?: AbortSignal,
): Promise<string | null> => {
  if (extensions?.config === undefined || request.manifest !== 'fetch') return null
  try {
    return await extensions.config(extensionFacts(request, hook), signal)
  } catch (cause) {
    if (!isWaggleError(cause) || cause.kind === 'cancelled' || cause.kind === 'internal')
      throw cause
    throw unavailable('config_extension', `configuration: ${cause.message}`, { cause })
  }
}
