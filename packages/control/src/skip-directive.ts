import type { Hook } from '@waggle/domain'

const directives = ['[ci skip]', '[skip ci]', '***no_ci***']

/** The directive by which a push or pull request asks for no build, or `null` (scheduling.md §3.2). Read from the
 *  message, or from the title where there is no message. */
export const skipDirective = (hook: Pick<Hook, 'event' | 'message' | 'title'>): string | null => {
  if (hook.event !== 'push' && hook.event !== 'pull_request') return null
  const text = (hook.message || hook.title).toLowerCase()
  return directives.find((directive) => text.includes(directive)) ?? null
}
