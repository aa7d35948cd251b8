import type { Build, ExtensionFacts, Repo, User } from '@waggle/domain'

/** The JSON objects of the REST API (rest-api.md §6), which extensions are told. */
export interface Shapes {
  repo(repo: Repo): object
  build(build: Build): object
  user(user: User): object
}

/** What a zero value of Drone's Go type for a build looks like in JSON. */
const noBuild = {
  id: 0,
  repo_id: 0,
  trigger: '',
  number: 0,
  status: '',
  event: '',
  action: '',
  link: '',
  timestamp: 0,
  message: '',
  before: '',
  after: '',
  ref: '',
  source_repo: '',
  source: '',
  target: '',
  author_login: '',
  author_name: '',
  author_email: '',
  author_avatar: '',
  sender: '',
  started: 0,
  finished: 0,
  created: 0,
  updated: 0,
  version: 0,
}

/** `{repo, build}` as Drone's Go SDK renders them (scheduling.md §15.1): the repository's `build` is never left out. */
export const factsQuestion = (shapes: Shapes, { repo, build }: ExtensionFacts): object => ({
  build: shapes.build(build),
  repo: { ...shapes.repo(repo), build: noBuild },
})

/** Waggle holds no tokens of code hosts; the member is there, and empty. */
export const noToken = { access: '', refresh: '' }
