export { type Client, type ClientOptions, createClient } from './client.ts'
export { createProgram } from './program.ts'
export { type FollowOptions, followBuild } from './progress/follow-build.ts'
