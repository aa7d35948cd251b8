/** The process's own environment, for handing on to a child process; settings are read with `readSettings`. */
export const processEnvironment = (): Readonly<Record<string, string | undefined>> => process.env
