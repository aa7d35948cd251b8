import { type Template, toUnixSeconds } from '@waggle/domain'
import { optional } from './optional.ts'

/** rest-api.md §6.11. */
export const templateShape = (template: Template) => ({
  ...optional({ id: template.id }),
  name: template.name,
  namespace: template.namespace,
  ...optional({ data: template.data }),
  created: toUnixSeconds(template.createdAt),
  ...optional({ updated: toUnixSeconds(template.updatedAt) }),
})
