import type { Given } from '@waggle/domain'
import type { CompileSettings } from '../compile/compile-settings.ts'
import type { CloneOptions } from '../manifest.ts'

/** System variables (environment.md §3). */
export const systemEnvironment = ({ system }: Given): Record<string, string> => ({
  CI: 'true',
  DRONE: 'true',
  WAGGLE: 'true',
  DRONE_SYSTEM_PROTO: system.proto,
  DRONE_SYSTEM_HOST: system.host,
  DRONE_SYSTEM_HOSTNAME: system.host,
  DRONE_SYSTEM_VERSION: system.version,
})

/** Repository variables (environment.md §4, §13). The remote is the address that this build is cloned from, which is
 *  usually the repository's own. */
export const repoEnvironment = ({ repo, build }: Given): Record<string, string> => ({
  DRONE_REPO: repo.slug,
  DRONE_REPO_NAMESPACE: repo.namespace,
  DRONE_REPO_OWNER: repo.namespace,
  DRONE_REPO_NAME: repo.name,
  DRONE_REPO_LINK: repo.link,
  DRONE_REPO_BRANCH: repo.defaultBranch,
  DRONE_REPO_SCM: 'git',
  DRONE_REPO_VISIBILITY: repo.visibility,
  DRONE_REPO_PRIVATE: String(repo.private),
  DRONE_REMOTE_URL: build.cloneUrl || repo.gitHttpUrl,
  DRONE_GIT_HTTP_URL: repo.gitHttpUrl,
  DRONE_GIT_SSH_URL: repo.gitSshUrl,
  CI_REPO: repo.slug,
  CI_REPO_NAME: repo.slug,
  CI_REPO_LINK: repo.link,
  CI_REPO_REMOTE: build.cloneUrl || repo.gitHttpUrl,
  CI_REMOTE_URL: build.cloneUrl || repo.gitHttpUrl,
  CI_REPO_PRIVATE: String(repo.private),
})

/** environment.md §7. */
export const linkEnvironment = ({ system, repo, build }: Given): Record<string, string> => ({
  DRONE_BUILD_LINK: `${system.proto}://${system.host}/${repo.slug}/${build.number}`,
})

/** environment.md §10. */
export const gitEnvironment = ({ build }: Given, clone: CloneOptions): Record<string, string> => {
  const name = build.authorName || 'drone'
  const email = build.authorEmail || 'noreply@drone'
  return {
    GIT_AUTHOR_NAME: name,
    GIT_COMMITTER_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_EMAIL: email,
    GIT_TERMINAL_PROMPT: '0',
    ...(clone.trace ? { GIT_TRACE: 'true' } : {}),
    ...(clone.skipVerify ? { GIT_SSL_NO_VERIFY: 'true' } : {}),
  }
}

/** The four pairs of environment.md §8, from the worker's proxy settings: upper case wins, both spellings are set. */
export const proxyEnvironment = (
  proxies: Readonly<Record<string, string>>,
): Record<string, string> => {
  const pairs: [string, string][] = []
  for (const name of ['no_proxy', 'http_proxy', 'https_proxy', 'all_proxy']) {
    const value = proxies[name.toUpperCase()] || proxies[name] || ''
    if (value !== '') pairs.push([name, value], [name.toUpperCase(), value])
  }
  return Object.fromEntries(pairs)
}

/** environment.md §9; none without a machine. */
export const netrcEnvironment = ({ netrc }: Given): Record<string, string> => {
  if (netrc === null || netrc.machine === '') return {}
  const { machine, login, password } = netrc
  return {
    DRONE_NETRC_MACHINE: machine,
    DRONE_NETRC_USERNAME: login,
    DRONE_NETRC_PASSWORD: password,
    DRONE_NETRC_FILE: `machine ${machine} login ${login} password ${password}`,
  }
}

/** environment.md §11: told even where debugging is off, but not to exec steps. */
export const tmateEnvironment = ({ tmate }: CompileSettings): Record<string, string> => {
  if (tmate === undefined || tmate.host === '') return {}
  return {
    DRONE_TMATE_HOST: tmate.host,
    DRONE_TMATE_PORT: tmate.port,
    DRONE_TMATE_FINGERPRINT_RSA: tmate.fingerprintRsa,
    DRONE_TMATE_FINGERPRINT_ED25519: tmate.fingerprintEd25519,
    ...(tmate.authorizedKeys === '' ? {} : { DRONE_TMATE_AUTHORIZED_KEYS: tmate.authorizedKeys }),
  }
}
