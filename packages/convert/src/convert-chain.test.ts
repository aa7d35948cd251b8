import { type ConversionExtension, denied, internal, unavailable } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { type ConvertSettings, convert, createConverter } from './convert.ts'
import { testHook, testRepo } from './test-facts.ts'

const context = {
  repo: testRepo,
  hook: testHook,
  readFile: async () => null,
  findTemplate: async (name: string) => (name === 'a.yml' ? 'kind: pipeline\nname: a\n' : null),
}

const run = (path: string, text: string, settings: Partial<ConvertSettings> = {}) =>
  convert({ isJsonnetEnabled: true, importLimit: 0, ...context, ...settings }, { path, text })

const answering = (text: string | null): ConversionExtension => ({ convert: async () => text })
const echoing: ConversionExtension = { convert: async ({ text }) => `# seen\n${text}` }
const refusing = (error: Error): ConversionExtension => ({
  convert: () => Promise.reject(error),
})

const template = 'kind: template\nload: a.yml\n'

describe('F67 the chain', () => {
  it('leaves an ordinary file as it is', async () => {
    const text = '# pipeline:\nkind: pipeline\r\nname: a\n'
    expect(await run('.drone.yml', text)).toEqual({ kind: 'text', text, by: [] })
    expect(await run('.drone.yml', '')).toEqual({ kind: 'text', text: '', by: [] })
  })

  it('asks the extension where no other converter acted', async () => {
    const extension = echoing
    const text = 'kind: pipeline\n'
    expect(await run('.drone.yml', text, { extension })).toEqual({
      kind: 'text',
      text: `# seen\n${text}`,
      by: ['extension'],
    })
    expect(await run('.drone.yml', template, { extension })).toMatchObject({ by: ['template'] })
    const all = await run('.drone.yml', template, { extension, isExtensionLast: true })
    expect(all).toMatchObject({ by: ['template', 'extension'] })
  })

  it.each([[null], ['']])('takes %j of the extension for "unchanged"', async (answer) => {
    const extension = answering(answer)
    expect(await run('.drone.yml', 'a: b', { extension })).toMatchObject({ text: 'a: b', by: [] })
  })

  it('lets the extension have what the server itself does not convert', async () => {
    const extension = answering('kind: pipeline\n')
    const by = ['extension']
    expect(await run('.drone.star', 'x', { extension })).toMatchObject({ by })
    const off = { extension, isJsonnetEnabled: false }
    expect(await run('.drone.jsonnet', '{}', off)).toMatchObject({ by })
    expect(await run('.drone.jsonnet', '{}', { ...off, extension: answering(null) })).toEqual({
      kind: 'error',
      error: 'jsonnet: .drone.jsonnet: this server does not convert Jsonnet',
    })
  })

  it.each([['.drone.star'], ['ci/a.starlark'], ['x.script']])(
    'names the way out for %s',
    async (path) => {
      const result = await run(path, 'def main(ctx): pass')
      expect(result).toMatchObject({ kind: 'error', error: expect.stringContaining('extension') })
    },
  )

  it('shows the words of an extension that refuses, and throws what the system did', async () => {
    const shown = await run('.drone.yml', 'a', { extension: refusing(denied('no', 'not today')) })
    expect(shown).toEqual({ kind: 'error', error: 'convert: not today' })
    const away = refusing(unavailable('away', 'the extension cannot be reached'))
    expect(await run('.drone.yml', 'a', { extension: away })).toMatchObject({ kind: 'error' })
    const broken = refusing(internal('broken', 'a defect'))
    await expect(run('.drone.yml', 'a', { extension: broken })).rejects.toThrow('a defect')
  })

  it('converts an old file that another converter made', async () => {
    const extension = answering('pipeline:\n  a: { image: b }\n')
    expect(await run('x.toml', '', { extension })).toMatchObject({ by: ['extension', 'legacy'] })
  })

  it('says which file gave nothing', async () => {
    const findTemplate = async () => '{{ if false }}x{{ end }}\n'
    const converter = createConverter({ isJsonnetEnabled: true, importLimit: 0 })
    const file = { path: '.drone.yml', text: template }
    expect(await converter.convert(file, { ...context, findTemplate })).toEqual({
      kind: 'error',
      error: 'convert: .drone.yml gives an empty pipeline file',
    })
  })

  it('runs at most ten templates of one file', async () => {
    const text = `${template}---\n`.repeat(11)
    expect(await run('.drone.yml', text)).toMatchObject({
      error: 'template converter: a file may load at most 10 templates',
    })
  })

  it('refuses results larger than a pipeline file may be, and leaves files that are to the parser', async () => {
    const extension = answering('#'.repeat(1_048_577))
    expect(await run('.drone.yml', 'a', { extension })).toEqual({
      kind: 'error',
      error: 'convert: the result exceeds the limit of 1048576 bytes',
    })
    const text = `pipeline:\n${'#'.repeat(1_048_577)}`
    expect(await run('.drone.yml', text)).toEqual({ kind: 'text', text, by: [] })
  })
})

describe('what is a template', () => {
  it.each([
    ['kind: template\nload: a.yml\n', true],
    ['# first\n---\nkind:   template\nload: a.yml', true],
    ['load: a.yml\nkind: "template"\n', true],
    ['kind: template\r\nload: a.yml\r\n', true],
    ['kind: pipeline\nname: template\n', false],
    ['kind: templates\n', false],
    ['- kind: template\n', false],
    ['kind: [template]\n', false],
  ])('%j: %j', async (text, isTemplate) => {
    const by = isTemplate ? ['template'] : []
    expect(await run('.drone.yml', text)).toMatchObject({ kind: 'text', by })
    expect(await run('.drone.yaml', text)).toMatchObject({ kind: 'text', by })
    expect(await run('.drone.txt', text)).toMatchObject({ kind: 'text', by: [] })
  })

  it.each([
    ['kind: template\nload: [a]\n', 'load is missing'],
    ['kind: template\nload: ../a.yml\n', 'template extension invalid'],
    ['kind: template\nload: A.yml\n', 'template name given not found'],
    ['kind: template\nload: a.yml\ndata: x\n', 'line 3: data has to be a mapping'],
    ['kind: template\nload: a.yml\ndata: {__proto__: {x: y}}\n', 'problem with the yaml'],
    ['kind: template\nload: a.yml\ndata: *x\n', 'problem with the yaml'],
  ])('%j is refused: %s', async (text, message) => {
    const result = await run('.drone.yml', text)
    expect(result).toMatchObject({ kind: 'error', error: expect.stringContaining(message) })
  })

  it('of data that expands without end is refused by the reader of YAML', async () => {
    const levels = Array.from(
      { length: 9 },
      (_, at) => `  l${at + 1}: &l${at + 1} [${`*l${at},`.repeat(9)}]`,
    )
    const text = `kind: template\nload: a.yml\ndata:\n  l0: &l0 x\n${levels.join('\n')}\n`
    expect(await run('.drone.yml', text)).toMatchObject({
      kind: 'error',
      error: expect.stringContaining('limit'),
    })
  })
})
