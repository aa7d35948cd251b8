/** A normalised event: what asks for a build, whatever it came from (scheduling.md §2). */
export interface Hook {
  /** `@hook`, `@cron`, or the login of the caller. */
  readonly trigger: string
  readonly event: 'push' | 'pull_request' | 'tag' | 'promote' | 'rollback' | 'cron' | 'custom'
  readonly action: string
  readonly link: string
  readonly title: string
  readonly message: string
  readonly before: string
  readonly after: string
  readonly ref: string
  /** Slug of the head repository of a pull request, else empty. */
  readonly fork: string
  readonly source: string
  readonly target: string
  readonly author: string
  readonly authorName: string
  readonly authorEmail: string
  readonly authorAvatar: string
  readonly sender: string
  readonly deployTo: string
  readonly deployId: number
  readonly cron: string
  readonly parent: number
  readonly debug: boolean
  readonly params: Readonly<Record<string, string>>
  /** Paths of the files that a push or pull request changed, from the repository's root. `undefined`: nobody knows,
   *  and conditions on paths are not evaluated. */
  readonly changedFiles?: readonly string[] | undefined
}

const emptyHook: Hook = {
  trigger: '',
  event: 'custom',
  action: '',
  link: '',
  title: '',
  message: '',
  before: '',
  after: '',
  ref: '',
  fork: '',
  source: '',
  target: '',
  author: '',
  authorName: '',
  authorEmail: '',
  authorAvatar: '',
  sender: '',
  deployTo: '',
  deployId: 0,
  cron: '',
  parent: 0,
  debug: false,
  params: {},
}

export const makeHook = (known: Partial<Hook>): Hook => ({ ...emptyHook, ...known })
