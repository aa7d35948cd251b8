import { encryptForFile, signFile } from '@waggle/control'
import { isWaggleError } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import { jsonBody } from '../http/call.ts'
import { json, type Reply } from '../http/reply.ts'
import { type RepoCall, type Route, route } from '../http/route.ts'
import { badRequest } from '../http/status-of.ts'

const textLimit = 1024 * 1024
// A text of a mebibyte takes more room as JSON.
const options = { bodyLimitBytes: 4 * textLimit }

/** Signatures of pipeline files, and values for `kind: secret` documents, both with the repository's own key
 *  (rest-api.md §7.7). */
export const signingRoutes = ({ control }: ApiDeps): readonly Route[] => {
  const sign = async (call: RepoCall) => {
    const text = jsonBody(call).text('data', textLimit) ?? ''
    return answer(() => signFile(control, call.repo, text))
  }
  const encrypt = async (call: RepoCall) => {
    const plain = jsonBody(call).text('data', textLimit) ?? ''
    if (plain === '') throw badRequest('Invalid Secret Value')
    return answer(() => encryptForFile(control, call.repo, plain))
  }
  return [
    route.write('POST /api/repos/:owner/:name/sign', sign, options),
    route.write('POST /api/repos/:owner/:name/encrypt', encrypt, options),
    route.write('POST /api/repos/:owner/:name/encrypt/secret', encrypt, options),
  ]
}

/** A file that does not parse, and a repository without a key, are 500 with the reason, as clients know it; but it is
 *  no failure of the server, so that nothing is thrown and logged. */
const answer = async (work: () => string | Promise<string>): Promise<Reply> => {
  try {
    return json({ data: await work() })
  } catch (error) {
    if (isWaggleError(error, 'invalid')) return json({ message: error.message }, 500)
    throw error
  }
}
