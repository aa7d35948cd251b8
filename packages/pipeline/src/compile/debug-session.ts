import type { Given } from '@waggle/domain'
import { isFork } from '../secrets/resolve-secret.ts'
import type { CompileSettings } from './compile-settings.ts'

/** Whether a failing step with commands waits for somebody who looks into it (pipeline.md §12.16). */
export type DebugSession =
  /** Nobody asked for one. */
  | { readonly kind: 'none' }
  | { readonly kind: 'open'; readonly image: string }
  /** Asked for, and not given. */
  | { readonly kind: 'refused'; readonly reason: string }

/** A session is a shell with all that the step has, and its address stands in the log. So none for a fork, whose code
 *  would choose what it opens (threats.md C.1), and where anybody may read the log only for holders of a key. */
export const debugSession = (given: Given, settings: CompileSettings): DebugSession => {
  if (!given.build.debug) return { kind: 'none' }
  const { debugImage = '', tmate } = settings
  if (debugImage === '') return refused('this worker offers none')
  if (isFork(given)) return refused('builds of forks get none')
  const hasKeys = tmate !== undefined && tmate.authorizedKeys !== ''
  if (given.repo.visibility === 'public' && !hasKeys)
    return refused('the log of a public repository would let anybody join; the worker has no keys')
  return { kind: 'open', image: debugImage }
}

const refused = (reason: string): DebugSession => ({ kind: 'refused', reason })

/** Where the worker puts the program for all steps. */
export const debugFolder = '/usr/drone/bin'

/** The part of a POSIX script that opens the session when the script fails. It says of a session that was refused why. */
export const debugPart = (session: DebugSession): string => {
  switch (session.kind) {
    case 'none':
      return ''
    case 'refused':
      return onFailure(`printf 'no debug session: %s\\n' '${session.reason}'\n`)
    case 'open':
      return onFailure(open, configure)
    default:
      return session satisfies never
  }
}

/** The script's own exit code stays, whatever happens meanwhile. */
const onFailure = (
  then: string,
  before = '',
): string => `if [ "\${DRONE_BUILD_DEBUG}" = "true" ]; then
${before}waggle_debug() {
if [ "$1" -ne 0 ]; then
set +e
${then}fi
exit "$1"
}
trap 'waggle_debug "$?"' EXIT
fi
`

/** Keys hold blanks, and go to a file; the name of a file in the image, or `github:name`, is passed on. */
const configure = `if [ -n "\${DRONE_TMATE_HOST}" ]; then
{
printf 'set -g tmate-server-host "%s"\\n' "\${DRONE_TMATE_HOST}"
[ -z "\${DRONE_TMATE_PORT}" ] || printf 'set -g tmate-server-port %s\\n' "\${DRONE_TMATE_PORT}"
[ -z "\${DRONE_TMATE_FINGERPRINT_RSA}" ] || printf 'set -g tmate-server-rsa-fingerprint "%s"\\n' "\${DRONE_TMATE_FINGERPRINT_RSA}"
[ -z "\${DRONE_TMATE_FINGERPRINT_ED25519}" ] || printf 'set -g tmate-server-ed25519-fingerprint "%s"\\n' "\${DRONE_TMATE_FINGERPRINT_ED25519}"
case "\${DRONE_TMATE_AUTHORIZED_KEYS}" in
"") ;;
*" "*)
printf '%s\\n' "\${DRONE_TMATE_AUTHORIZED_KEYS}" > "\${HOME}/.tmate.authorized_keys"
printf 'set -g tmate-authorized-keys "%s"\\n' "\${HOME}/.tmate.authorized_keys" ;;
*) printf 'set -g tmate-authorized-keys "%s"\\n' "\${DRONE_TMATE_AUTHORIZED_KEYS}" ;;
esac
} > "\${HOME}/.tmate.conf" || printf 'the debug session cannot be set up: %s is not writable\\n' "\${HOME}/.tmate.conf"
fi
`

const program = `${debugFolder}/tmate`

const open = `if [ -x ${program} ]; then
printf 'failed with exit code %s: a debug session opens, and the step waits for its end\\n' "$1"
${program} -F < /dev/null
else
printf 'no debug session: %s is missing\\n' ${program}
fi
`
