import { parseEnv } from 'node:util'

/** Variables of a file in the dotenv form, a line `NAME=value` each. */
export const parseVariablesFile = (text: string): Record<string, string> =>
  Object.fromEntries(Object.entries(parseEnv(text)).map(([name, value]) => [name, value ?? '']))
