import { toUnixSeconds, type User } from '@waggle/domain'

/** rest-api.md §6.1. The token is not part of it. */
export const userShape = (user: User) => ({
  id: user.id,
  login: user.login,
  email: user.email,
  machine: user.machine,
  admin: user.admin,
  active: user.active,
  avatar: user.avatar,
  avatar_url: user.avatar,
  syncing: false,
  synced: 0,
  created: toUnixSeconds(user.createdAt),
  updated: toUnixSeconds(user.updatedAt),
  last_login: toUnixSeconds(user.lastLoginAt),
})
