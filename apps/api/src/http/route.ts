import type { Repo, User, WorkerRecord } from '@waggle/domain'
import type { Call } from './call.ts'
import type { Reply } from './reply.ts'

/** Who may call a route (rest-api.md §5): anybody, a known user, a system admin, somebody with that right in the
 *  repository of the path, a registered worker, or a worker that introduces itself with the shared secret. */
export const permissions = [
  'none',
  'user',
  'sysadmin',
  'read',
  'write',
  'admin',
  'worker',
  'register',
] as const
export type Permission = (typeof permissions)[number]

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'

export interface Route {
  readonly method: Method
  readonly path: string
  readonly permission: Permission
  /** Most bytes of a body; 0 = a body is neither read nor minded. */
  readonly bodyLimitBytes: number
  readonly handle: (call: Call) => Promise<Reply>
}

type Where = `${Method} /${string}`
interface RouteOptions {
  readonly bodyLimitBytes?: number
}

export type UserCall = Call & { readonly user: User }
export type RepoCall = Call & { readonly repo: Repo }
export type RepoUserCall = RepoCall & UserCall
export type WorkerCall = Call & { readonly worker: WorkerRecord }

const mebibyte = 1024 * 1024

const make =
  <C extends Call>(permission: Permission) =>
  (where: Where, handle: (call: C) => Promise<Reply>, options: RouteOptions = {}): Route => {
    const [method, path] = where.split(' ') as [Method, string]
    const bodyLimitBytes =
      options.bodyLimitBytes ?? (method === 'GET' || method === 'DELETE' ? 0 : mebibyte)
    // The guard of the permission ran before: it put there what the handler's kind of call promises.
    return { method, path, permission, bodyLimitBytes, handle: (call) => handle(call as C) }
  }

/** One function a permission, so that no route can be written without one. */
export const route = {
  open: make<Call>('none'),
  user: make<UserCall>('user'),
  sysadmin: make<UserCall>('sysadmin'),
  read: make<RepoCall>('read'),
  write: make<RepoUserCall>('write'),
  admin: make<RepoUserCall>('admin'),
  worker: make<WorkerCall>('worker'),
  register: make<Call>('register'),
}
