import type { RepoRetention, Retention } from '@waggle/domain'

/** What holds for a repository: its own rules, and the server's where it has none. */
export const retentionOf = (own: RepoRetention, server: Retention): Retention => ({
  buildDays: own.buildDays ?? server.buildDays,
  buildCount: own.buildCount ?? server.buildCount,
  logDays: own.logDays ?? server.logDays,
})

export const deletesAnything = ({ buildDays, buildCount, logDays }: Retention): boolean =>
  buildDays > 0 || buildCount > 0 || logDays > 0
