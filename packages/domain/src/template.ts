/** A stored template that pipeline files name with `load` (rest-api.md §6.11). The namespace is kept in lower case:
 *  namespaces compare without case, names of templates do not. */
export interface Template {
  readonly id: number
  readonly namespace: string
  readonly name: string
  readonly data: string
  readonly createdAt: number
  readonly updatedAt: number
}

export type NewTemplate = Pick<Template, 'namespace' | 'name' | 'data'>

export interface TemplateStore {
  /** All of them, by namespace and name. */
  list(): Promise<readonly Template[]>
  /** By name. */
  listByNamespace(namespace: string): Promise<readonly Template[]>
  findByName(namespace: string, name: string): Promise<Template | null>
  /** Conflict `template_exists` when the namespace has one of that name. */
  create(template: NewTemplate): Promise<Template>
  update(id: number, patch: Partial<Pick<Template, 'data'>>): Promise<Template | null>
  delete(id: number): Promise<boolean>
}

/** Whether a template may have this name: its ending says what runs it (rest-api.md §7.10). */
export const isTemplateName = (name: string): boolean =>
  name.length <= 200 && /^[^\p{Cc}/\\]+\.(ya?ml|star|starlark|script|jsonnet)$/u.test(name)
