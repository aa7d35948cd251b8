export type Json = Readonly<Record<string, unknown>>

/** Members of a server's answer: missing or of another type, they are empty, for it may be older or newer. */
export const object = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
export const text = (value: unknown): string => (typeof value === 'string' ? value : '')
export const number = (value: unknown): number => (typeof value === 'number' ? value : 0)
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
