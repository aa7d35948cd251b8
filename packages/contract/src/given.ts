import { buildStatuses, stageStatuses } from '@waggle/domain'
import { z } from 'zod'

const id = z.int().positive()
const count = z.int().nonnegative()
const text = z.string()
const labels = z.record(z.string().max(250), z.string().max(1_000))

const givenBuild = z.object({
  id,
  number: count,
  status: z.enum(buildStatuses),
  trigger: text,
  event: z.enum(['push', 'pull_request', 'tag', 'promote', 'rollback', 'cron', 'custom']),
  action: text,
  link: text,
  title: text,
  message: text,
  before: text,
  after: text,
  ref: text,
  source: text,
  target: text,
  sourceRepo: text,
  cloneUrl: text,
  author: text,
  authorName: text,
  authorEmail: text,
  authorAvatar: text,
  sender: text,
  deployTo: text,
  deployId: z.number(),
  cron: text,
  parent: z.number(),
  debug: z.boolean(),
  params: z.record(z.string(), z.string()),
  startedAt: z.number(),
  finishedAt: z.number(),
  createdAt: z.number(),
})

const givenRepo = z.object({
  id,
  uid: text,
  namespace: text,
  name: text,
  slug: text,
  gitHttpUrl: text,
  gitSshUrl: text,
  link: text,
  defaultBranch: text,
  private: z.boolean(),
  visibility: z.enum(['public', 'private', 'internal']),
  trusted: z.boolean(),
  timeoutMinutes: z.number(),
})

const givenStage = z.object({
  id,
  number: count,
  name: text,
  kind: text,
  type: text,
  os: text,
  arch: text,
  variant: text,
  kernel: text,
  machine: text,
  labels,
  dependsOn: z.array(text),
  onSuccess: z.boolean(),
  onFailure: z.boolean(),
  version: count,
  createdAt: z.number(),
})

/** What an attempt is given at accept (`Given` of the domain). */
export const given = z.object({
  installation: z.string(),
  attempt: count,
  repo: givenRepo,
  build: givenBuild,
  stage: givenStage,
  siblings: z.array(z.object({ name: text, number: count, status: z.enum(stageStatuses) })),
  manifest: z.string(),
  secrets: z.array(
    z.object({
      name: text,
      value: z.string(),
      isExact: z.boolean().optional(),
      isExternal: z.boolean().optional(),
    }),
  ),
  external: z
    .object({
      environment: z.array(z.object({ name: text, value: text, isMasked: z.boolean() })),
      registries: z.array(z.object({ address: text, username: text, password: text })),
      isRegistryLost: z.boolean().optional(),
    })
    .optional(),
  netrc: z.object({ machine: text, login: text, password: text }).nullable(),
  system: z.object({ proto: text, host: text, link: text, version: text }),
})
