import { existsSync } from 'node:fs'

/** What a user types before a command that needs root's rights: many a Debian has no sudo. */
export const rootPrefix = (): string => {
  if (process.getuid?.() === 0) return ''
  return existsSync('/usr/bin/sudo') ? 'sudo ' : 'as root: '
}
