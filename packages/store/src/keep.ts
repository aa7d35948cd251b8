import { type RawBuilder, sql } from 'kysely'

/** The fields of a patch as assignments: what was left out (NULL) keeps its value, so one text serves all patches. */
export const keep = <P extends object, K extends keyof P & string>(
  params: P,
  fields: readonly K[],
): Record<K, RawBuilder<never>> =>
  Object.fromEntries(
    fields.map((field) => [field, sql`coalesce(${params[field]}, ${sql.ref(field)})`]),
  ) as Record<K, RawBuilder<never>>

/** One more than it was. */
export const plusOne = (field: string): RawBuilder<number> => sql<number>`${sql.ref(field)} + 1`

/** The named parameters as values of an insert. */
export const pick = <K extends string>(
  params: Readonly<Record<string, never>>,
  fields: readonly K[],
): Record<K, never> =>
  Object.fromEntries(fields.map((field) => [field, params[field]])) as Record<K, never>
