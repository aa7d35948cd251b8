import { type DebugSession, debugPart } from './debug-session.ts'

/** The script of a step with commands (pipeline.md §12.5): git credentials into a file, variables of our own out of
 *  sight, stop at the first failure, then for each command its trace and its text. All run in one shell. */
export const posixScript = (
  commands: readonly string[],
  debug: DebugSession = { kind: 'none' },
): string =>
  [netrcPart(`"\${HOME}/.netrc"`), 'set -e\n', debugPart(debug), ...commands.map(traced)].join('')

/** The same without the parts that belong to `DRONE_SCRIPT`, for engines that run a file. */
export const posixFileScript = (commands: readonly string[]): string =>
  ['set -e\n', ...commands.map(traced)].join('')

/** Writes the credentials that the step was given into a file, which is one word of the shell, and forgets them. */
export const netrcPart = (file: string): string => `if [ -n "\${DRONE_NETRC_FILE}" ]; then
printf '%s\\n' "\${DRONE_NETRC_FILE}" > ${file}
chmod 600 ${file}
fi
unset DRONE_SCRIPT DRONE_NETRC_MACHINE DRONE_NETRC_USERNAME DRONE_NETRC_PASSWORD DRONE_NETRC_FILE
`

/** The trace is the literal text with its real line breaks; nothing in it expands (rule X12).
 *
 *  In some images the outer `echo` of the invocation reads backslash escapes in all of this, as it did on Drone. */
const traced = (command: string): string => `printf '+ %s\\n' ${quotePosix(command)}\n${command}\n`

/** One word of a POSIX shell, whatever the text. */
export const quotePosix = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
