import { type ConversionRepo, makeHook } from '@waggle/domain'

/** A repository and a push that the tests convert for. */
export const testRepo: ConversionRepo = {
  uid: '42',
  namespace: 'octocat',
  name: 'hello',
  slug: 'octocat/hello',
  gitHttpUrl: 'https://git.example/octocat/hello.git',
  gitSshUrl: 'git@git.example:octocat/hello.git',
  link: 'https://git.example/octocat/hello',
  defaultBranch: 'main',
  configPath: '.drone.yml',
  private: true,
  visibility: 'private',
  active: true,
  trusted: false,
  protected: false,
}

export const testHook = makeHook({
  event: 'push',
  trigger: '@hook',
  after: '0123456789abcdef0123456789abcdef01234567',
  ref: 'refs/heads/main',
  source: 'main',
  target: 'main',
  title: 'A "title" with\nline feeds, = and ☃',
  message: 'Say hello',
  author: 'octocat',
  authorName: 'Octo Cat',
  authorEmail: 'octo@cat.example',
  sender: 'octocat',
  deployTo: 'production',
  params: { colour: 'blue', 'odd=name': 'x' },
})
