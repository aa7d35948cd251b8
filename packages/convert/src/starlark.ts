const endings = ['.star', '.starlark', '.script']

export const isStarlark = (path: string): boolean => endings.some((ending) => path.endsWith(ending))

/** Nothing that runs Starlark inside of Node was found (decision 0005): the extension is the way. */
export const noStarlark = (path: string): string =>
  `starlark: ${path}: this server has no Starlark interpreter; let a conversion extension convert it, or write the file in Jsonnet`
