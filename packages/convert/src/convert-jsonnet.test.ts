import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Conversion } from '@waggle/domain'
import { describe, expect, it, vi } from 'vitest'
import { convert } from './convert.ts'
import { folderReader } from './folder-reader.ts'
import { testHook, testRepo } from './test-facts.ts'

const run = (
  text: string,
  files: Readonly<Record<string, string>> = {},
  more: { importLimit?: number; program?: string; signal?: AbortSignal } = {},
): Promise<Conversion> =>
  convert(
    {
      repo: testRepo,
      hook: testHook,
      readFile: async (path) => files[path] ?? null,
      findTemplate: async () => null,
      isJsonnetEnabled: true,
      importLimit: more.importLimit ?? 10,
      ...(more.program === undefined ? {} : { program: more.program }),
    },
    { path: 'ci/.drone.jsonnet', text },
    more.signal,
  )

const errorOf = async (...args: Parameters<typeof run>): Promise<string> => {
  const result = await run(...args)
  return result.kind === 'error' ? result.error : `no error: ${result.text.slice(0, 200)}`
}

describe('what a program may use', () => {
  it.each([
    ['endless recursion', 'local f(n) = f(n + 1); f(0)', 'max stack frames exceeded'],
    [
      'recursion without a stack',
      'local f(n) = f(n + 1) tailstrict; f(0)',
      /2 seconds of processor|longer than 30/,
    ],
    ['a gigabyte of output', 'std.repeat("x", 1000000000)', '256 MiB of memory'],
    [
      'two megabytes of output',
      'local s = std.repeat("0123456789", 1000); [s for i in std.range(1, 200)]',
      'the limit of 1048576 bytes',
    ],
    ['a hundred million elements', 'std.range(1, 100000000)', /processor|memory|longer/],
    ['an endless list', 'local a = [a]; a', /stack frames|processor|memory|longer/],
  ])('%s ends in an error that names the limit', async (_name, text, message) => {
    expect(await errorOf(text)).toMatch(message)
  })

  it('ends at once when the signal fires', async () => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(new Error('enough')), 100)
    const text = 'local f(n) = f(n + 1) tailstrict; f(0)'
    await expect(run(text, {}, { signal: stop.signal })).rejects.toThrow('enough')
  })

  it('leaves nothing in the folder for temporary files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'waggle-scratch-'))
    vi.stubEnv('TMPDIR', folder)
    const results = [await run('{ kind: "pipeline" }'), await run('error "x"')]
    vi.unstubAllEnvs()
    expect(results.map(({ kind }) => kind)).toEqual(['text', 'error'])
    expect(await readdir(folder)).toEqual([])
    await rm(folder, { recursive: true })
  })

  it('does not see the environment of the server', async () => {
    expect(await errorOf("std.extVar('PATH')")).toContain('undefined external variable: PATH')
  })
})

describe('imports', () => {
  it.each([
    ["import '/etc/passwd'", ':1:8: import "/etc/passwd": only relative paths'],
    ["importstr '/etc/passwd'", 'importstr "/etc/passwd": only relative paths'],
    ['importbin "/etc/passwd"', 'importbin "/etc/passwd": only relative paths'],
    ["importstr '\\u002fetc/passwd'", 'only relative paths'],
    ['importstr |||\n  /etc/passwd|||', 'does not end'],
    ['importstr |||\n  /etc/passwd\n|||', 'only relative paths'],
    ['importstr |||-\n  /etc/passwd\n|||', 'only relative paths'],
    ["importstr @'/etc/passwd'", 'only relative paths'],
    ["importstr/**/'/etc/passwd'", 'only relative paths'],
    ["importstr\n# a comment\n'/etc/passwd'", 'ci/.drone.jsonnet:3:1'],
    ["import '../../x'", 'leaves the repository'],
    ["import 'a/../../../x'", 'leaves the repository'],
    ["import '..'", 'leaves the repository'],
    ["import ''", 'names no file'],
    ["import 'a/'", 'names no file'],
    ["import 'a\\u0000b'", 'control characters'],
    ["import 'a\\\\b'", 'backslashes'],
    ["import 'https://example.com/x'", 'is not in the repository'],
    ["import ('x')", 'takes a string literal'],
    ['local x = "y"; import x', ':1:16: import takes a string literal'],
    ['import', 'nothing follows import'],
    ["{ a: 1e5import '/etc/passwd' }", 'a number runs into a name'],
    ["import 'missing.libsonnet'", 'ci/missing.libsonnet is not in the repository'],
    [`import '${'x'.repeat(300)}'`, 'longer than 255 bytes'],
    ["importstr '../.waggle-importstr/x'", "the folder's name is taken"],
  ])('%j is refused with its place', async (text, message) => {
    expect(await errorOf(text)).toContain(message)
  })

  // Where readers of Jsonnet could disagree on what is a comment or a string, the interpreter must not find an import
  // that was not seen.
  it.each([
    ["'\\' importstr \"/etc/passwd\" + '"],
    ['"\\\\" + importstr "/etc/passwd"'],
    ["@'\\' + importstr '/etc/passwd'"],
    ['1 /* */ * importstr "/etc/passwd" /* */'],
    ['|||\n  a\n ||| + importstr "/etc/passwd"'],
    ['"a" // \r importstr "/etc/passwd"'],
    ['"a" // \u2028 importstr "/etc/passwd"'],
    ['# \\\nimportstr "/etc/passwd"'],
    ['{ "/*": importstr "/etc/passwd" }'],
    ['{ a: "\n", b: importstr "/etc/passwd" }'],
    ['a|||\n importstr "/etc/passwd"\n|||'],
  ])('%j reads no file of the server', async (text) => {
    const result = await run(text)
    expect(JSON.stringify(result)).not.toContain('root:')
  })

  it('of each other end in an error when their values need each other', async () => {
    const files = { 'ci/a': "import 'b'", 'ci/b': "import 'a'" }
    expect(await errorOf("import 'a'", files)).toMatch(/stack frames|infinite/)
  })

  it('are bounded in number', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 20 }, (_, at) => [`ci/${at}`, `import '${at + 1}'`]),
    )
    expect(await errorOf("import '0'", files)).toContain('ci/9:1:8: a file may import at most 10')
    expect(await errorOf("import '0'", files, { importLimit: 0 })).toContain('allows no imports')
  })

  it('that cannot lie beside each other are refused', async () => {
    const files = { 'ci/a': '1', 'ci/a/b': '2' }
    expect(await errorOf("(import 'a') + (import 'a/b')", files)).toContain(
      'beside the other files',
    )
  })

  it('are bounded in size', async () => {
    const files = { 'ci/a': ' '.repeat(5_000_000) }
    expect(await errorOf("importstr 'a'", files)).toContain('exceed 4194304 bytes')
  })

  it('of the working tree do not follow links out of it', async () => {
    const folder = await mkdtemp(`${tmpdir()}/waggle-tree-`)
    await symlink('/etc/passwd', `${folder}/link`)
    await writeFile(`${folder}/file`, 'x')
    const readFile = folderReader(folder)
    const { signal } = new AbortController()
    expect(await readFile('link', signal)).toBeNull()
    expect(await readFile('../../etc/passwd', signal)).toBeNull()
    expect(await readFile('.', signal)).toBeNull()
    expect(await readFile('file', signal)).toBe('x')
    await rm(folder, { recursive: true })
  })
})

describe('results', () => {
  it.each([
    ['[]', 'the result is an empty array'],
    ['', 'jsonnet: STATIC ERROR: ci/.drone.jsonnet:1:1: unexpected end of file.'],
    ['{ a: ', 'jsonnet: STATIC ERROR: ci/.drone.jsonnet:1:6: unexpected end of file.'],
    ['function(x) x', 'jsonnet: RUNTIME ERROR'],
    ['{ a: "x', 'jsonnet: ci/.drone.jsonnet:1:6: a string does not end'],
    ['{ a: /* x', 'jsonnet: ci/.drone.jsonnet:1:6: a comment does not end'],
    ['{ a: "\\q" }', 'unknown escape \\q in a string'],
    ['ä', 'unexpected character "ä"'],
    ['{\n  a: 1,\n  b: self.c,\n}', 'ci/.drone.jsonnet:3:6-12'],
  ])('%j says %j', async (text, message) => {
    expect(await errorOf(text)).toContain(message)
  })

  it('keeps the places of what follows comments, text blocks and strings', async () => {
    const text = '/* ä\n */ local a = |||\n  x\n|||; # c\n{ b: "\\u00e4", c: error a }'
    expect(await errorOf(text)).toContain('ci/.drone.jsonnet:5:19-26')
  })

  it('says that the interpreter is not installed', async () => {
    expect(await errorOf('{}', {}, { program: 'waggle-no-such-jsonnet' })).toBe(
      'jsonnet: the program "waggle-no-such-jsonnet" is not installed here (Debian: apt-get install jsonnet)',
    )
  })

  it('takes a pipeline of a thousand steps', async () => {
    const result = await run(
      "{ kind: 'pipeline', steps: [{ name: 's' + i, image: 'a' } for i in std.range(1, 1000)] }",
    )
    expect(result).toMatchObject({ kind: 'text', by: ['jsonnet'] })
  })
})
