export { createGitSource, type GitSourceOptions } from './create-git-source.ts'
