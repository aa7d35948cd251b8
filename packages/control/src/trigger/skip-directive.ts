import type { Hook } from '@waggle/domain'

const directives = ['[ci skip]', '[skip ci]', '***no_ci***']

/** The directive by which a push or pull request asks for no build, or `null` (pipeline.md §11.1, scheduling.md
 *  §3.2): in its message or its title. */
export const skipDirective = (hook: Pick<Hook, 'event' | 'message' | 'title'>): string | null => {
  if (hook.event !== 'push' && hook.event !== 'pull_request') return null
  const texts = [hook.message.toLowerCase(), hook.title.toLowerCase()]
  return directives.find((directive) => texts.some((text) => text.includes(directive))) ?? null
}
