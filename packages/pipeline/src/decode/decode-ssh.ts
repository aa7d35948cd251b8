import type { SshServer } from '../manifest.ts'
import { decodeVariable } from './decode-step.ts'
import type { Fields } from './fields.ts'

/** `server` of an ssh pipeline (pipeline.md §7.2). */
export const decodeSshServer = (owner: Fields): SshServer => {
  const fields = owner.fields('server')
  const read = (key: string) => (fields === null ? null : decodeVariable(fields, key))
  return {
    host: read('host'),
    user: read('user'),
    password: read('password'),
    sshKey: read('ssh_key'),
  }
}
