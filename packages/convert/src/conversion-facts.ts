import type { ConversionRepo, Hook } from '@waggle/domain'

type BuildFacts = Readonly<Record<string, string | boolean | Readonly<Record<string, string>>>>

/** What a converter is told of the build (pipeline.md §16.1, §16.2): `branch` and `target` are the same, so are
 *  `commit` and `after`; `environment` is the deployment's target. */
export const buildFacts = (hook: Hook): Readonly<Record<string, string>> => ({
  event: hook.event,
  action: hook.action,
  environment: hook.deployTo,
  link: hook.link,
  branch: hook.target,
  source: hook.source,
  before: hook.before,
  after: hook.after,
  target: hook.target,
  ref: hook.ref,
  commit: hook.after,
  title: hook.title,
  message: hook.message,
  source_repo: hook.fork,
  author_login: hook.author,
  author_name: hook.authorName,
  author_email: hook.authorEmail,
  author_avatar: hook.authorAvatar,
  sender: hook.sender,
})

/** The same with what Jsonnet is not told. */
export const fullBuildFacts = (hook: Hook): BuildFacts => ({
  ...buildFacts(hook),
  cron: hook.cron,
  debug: hook.debug,
  params: hook.params,
})

export const repoFacts = (repo: ConversionRepo): Readonly<Record<string, string | boolean>> => ({
  uid: repo.uid,
  name: repo.name,
  namespace: repo.namespace,
  slug: repo.slug,
  git_http_url: repo.gitHttpUrl,
  git_ssh_url: repo.gitSshUrl,
  link: repo.link,
  branch: repo.defaultBranch,
  config: repo.configPath,
  private: repo.private,
  visibility: repo.visibility,
  active: repo.active,
  trusted: repo.trusted,
  protected: repo.protected,
  ignore_forks: repo.ignoreForks ?? false,
  ignore_pull_requests: repo.ignorePullRequests ?? false,
})
