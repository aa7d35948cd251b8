import { request } from 'node:http'
import { userInfo } from 'node:os'
import { rootPrefix } from './root-prefix.ts'

/** Whether a container engine answers on the socket; the reason where it does not. */
export const askEngine = (
  socketPath: string,
): Promise<{ readonly isThere: boolean; readonly reason: string }> =>
  new Promise((resolve) => {
    const no = (reason: string) => resolve({ isThere: false, reason })
    const call = request({ socketPath, path: '/_ping', timeout: 3_000 }, (answer) => {
      answer.resume()
      if (answer.statusCode === 200) resolve({ isThere: true, reason: '' })
      else no(`the container engine answered ${answer.statusCode}`)
    })
    call.once('timeout', () => call.destroy(new Error('timed out')))
    call.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES')
        no(
          `no right to use ${socketPath}; type: ${rootPrefix()}usermod -aG docker ${userName()}, then log in again`,
        )
      else no(`no container engine at ${socketPath}`)
    })
    call.end()
  })

const userName = (): string => {
  try {
    return userInfo().username
  } catch {
    // A user id without an entry among the machine's users.
    return '$USER'
  }
}
