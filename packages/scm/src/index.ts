export { checkGitAddress } from './check-git-address.ts'
export { createGitSource, type GitSourceOptions } from './create-git-source.ts'
export { checkPath as checkConfigPath } from './git-ref.ts'
