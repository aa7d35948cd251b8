import { type Hook, isWaggleError, type Validation } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import type { SubmitRequest } from '../trigger/submit-request.ts'
import { extensionFacts } from './extension-facts.ts'

/** What the validation extension says of the file (scheduling.md §3.8). One that is away or makes no sense lets nothing
 *  pass: that is an error of the build. */
export const validateManifest = async (
  { extensions }: Pick<ControlDeps, 'extensions'>,
  request: SubmitRequest,
  { hook, text }: { readonly hook: Hook; readonly text: string },
  signal?: AbortSignal,
): Promise<Validation> => {
  if (extensions?.validate === undefined) return { kind: 'valid' }
  try {
    return await extensions.validate(extensionFacts(request, hook), text, signal)
  } catch (error) {
    if (!isWaggleError(error) || error.kind === 'cancelled' || error.kind === 'internal')
      throw error
    return { kind: 'error', message: error.message }
  }
}
