// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions of pipeline files look like this

/** A file of a certain kind, of about `n` parts. */
export type FileShape = readonly [what: string, make: (n: number) => string]

const times = (n: number, part: (index: number) => string, between = ''): string =>
  Array.from({ length: Math.ceil(n) }, (_, index) => part(index)).join(between)

const pipeline = (rest: string): string =>
  `kind: pipeline\nname: a\n${rest}\nsteps: [{name: s, image: i}]\n`

const step = (rest: string): string =>
  `kind: pipeline\nname: a\nsteps:\n- name: s\n  image: i\n${rest}\n`

/** Each level names the one before it `width` times. */
const levels = (depth: number, width: number, node: (names: string) => string): string =>
  times(
    depth,
    (level) =>
      `l${level}: &l${level} ${node(times(width, () => (level === 0 ? 'x' : `*l${level - 1}`), ', '))}\n`,
  )

/** Shapes whose cost must grow with their size and no faster: what pipeline files consist of, a lot of it. */
export const growingShapes: readonly FileShape[] = [
  ['steps', (n) => `kind: pipeline\nsteps:\n${times(n, (i) => `- name: s${i}\n  image: i\n`)}`],
  [
    'steps in a chain',
    (n) =>
      `kind: pipeline\nsteps:\n${times(n, (i) => `- {name: s${i}, image: i${i > 0 ? `, depends_on: [s${i - 1}]` : ''}}\n`)}`,
  ],
  [
    'steps that all wait for one',
    (n) =>
      `kind: pipeline\nsteps:\n- {name: z, image: i}\n${times(n, (i) => `- {name: s${i}, image: i, depends_on: [z]}\n`)}`,
  ],
  [
    'a step that waits for all',
    (n) =>
      `kind: pipeline\nsteps:\n${times(n, (i) => `- {name: s${i}, image: i}\n`)}- {name: z, image: i, depends_on: [${times(n, (i) => `s${i}`, ', ')}]}\n`,
  ],
  [
    'a cycle of steps',
    (n) =>
      `kind: pipeline\nsteps:\n${times(n, (i) => `- {name: s${i}, image: i, depends_on: [s${(i + 1) % n}]}\n`)}`,
  ],
  [
    'steps of one name',
    (n) => `kind: pipeline\nsteps:\n${times(n, () => '- {name: s, image: i}\n')}`,
  ],
  ['commands', (n) => step(`  commands:\n${times(n, (i) => `  - echo ${i} "quoted"\n`)}`)],
  ['variables', (n) => step(`  environment:\n${times(n, (i) => `    V${i}: value ${i}\n`)}`)],
  [
    'variables that are numbers',
    (n) => step(`  environment:\n${times(n, (i) => `    ${i}: ${i}\n`)}`),
  ],
  [
    'settings in lists',
    (n) => step(`  settings:\n    list: [${times(n, (i) => `v${i}`, ', ')}]\n`),
  ],
  [
    'secrets',
    (n) => step(`  environment:\n${times(n, (i) => `    V${i}: {from_secret: s${i}}\n`)}`),
  ],
  ['volumes', (n) => `${pipeline(`volumes:\n${times(n, (i) => `- {name: v${i}, temp: {}}\n`)}`)}`],
  [
    'mounts',
    (n) =>
      `${step(`  volumes:\n${times(n, (i) => `  - {name: v, path: /p${i}}\n`)}`)}volumes: [{name: v, temp: {}}]\n`,
  ],
  [
    'patterns of branches',
    (n) => pipeline(`trigger: {branch: [${times(n, (i) => `b${i}/*`, ', ')}]}`),
  ],
  ['labels', (n) => pipeline(`node: {${times(n / 50, (i) => `l${i}: v`, ', ')}}`)],
  [
    'pipelines',
    (n) =>
      times(n / 4, (i) => `kind: pipeline\nname: p${i}\nsteps: [{name: a, image: b}]\n`, '---\n'),
  ],
  [
    'pipelines in a chain',
    (n) =>
      times(
        n / 4,
        (i) =>
          `kind: pipeline\nname: p${i}\n${i > 0 ? `depends_on: [p${i - 1}]\n` : ''}steps: [{name: a, image: b}]\n`,
        '---\n',
      ),
  ],
  [
    'secret documents',
    (n) => times(n, (i) => `kind: secret\nname: s${i}\nget: {path: p, name: n}\n`, '---\n'),
  ],
  ['empty documents', (n) => `${pipeline('')}${times(n, () => '---\n')}`],
  ['comments', (n) => `${pipeline('')}${times(n, (i) => `# comment ${i}\n`)}`],
  ['blank lines', (n) => `${pipeline('')}${times(n, () => '   \n')}`],
  ['one long word', (n) => pipeline(`x: ${'a'.repeat(n)}`)],
  ['one long text in quotes', (n) => pipeline(`x: "${'ab '.repeat(n)}"`)],
  ['escapes', (n) => pipeline(`x: "${'\\x41'.repeat(n)}"`)],
  ['doubled quotes', (n) => pipeline(`x: '${"''".repeat(n)}'`)],
  [
    'lines of a literal text',
    (n) => step(`  commands:\n  - |\n${times(n, (i) => `    line ${i}\n`)}`),
  ],
  [
    'lines of a folded text',
    (n) => step(`  commands:\n  - >\n${times(n, (i) => `    line ${i}\n`)}`),
  ],
  ['lines of a plain text', (n) => pipeline(`x: a\n${times(n, () => '  b\n')}`)],
  ['brackets over several lines', (n) => pipeline(`x: [\n${times(n, (i) => `  v${i},\n`)}]`)],
  ['anchors', (n) => pipeline(`x:\n${times(n, (i) => `- &a${i} v\n`)}`)],
  ['anchors and aliases', (n) => pipeline(`x:\n${times(n, (i) => `- &a${i} v\n- *a${i}\n`)}`)],
  ['aliases of one text', (n) => pipeline(`x:\n- &a v\n${times(n, () => '- *a\n')}`)],
  [
    'merged mappings',
    (n) => pipeline(`b: &b {image: i}\nx:\n${times(n, (i) => `- {<<: *b, name: s${i}}\n`)}`),
  ],
  [
    'a list of merged mappings',
    (n) => pipeline(`b: &b {image: i}\nx: {<<: [${times(n, () => '*b', ', ')}]}`),
  ],
  [
    'merges in a chain',
    (n) =>
      pipeline(`m0: &m0 {a: b}\n${times(n / 8, (i) => `m${i + 1}: &m${i + 1} {<<: *m${i}}\n`)}`),
  ],
  [
    'substitutions',
    (n) => step(`  commands:\n${times(n, () => '  - echo ${DRONE_BRANCH##*/}\n')}`),
  ],
  ['substitutions in one text', (n) => step(`  commands: [ "${'${DRONE_BRANCH}'.repeat(n)}" ]`)],
  ['mistakes', (n) => `kind: pipeline\nsteps:\n${times(n, () => '- [a]\n')}`],
  ['unknown keys', (n) => pipeline(times(n, (i) => `unknown${i}: v\n`))],
  ['equal keys', (n) => pipeline(times(n, () => 'x: v\n'))],
]

/** Shapes that grow faster than they look, or go deeper. */
const bombs: readonly FileShape[] = [
  ['lists of lists by aliases', () => pipeline(levels(9, 9, (names) => `[${names}]`))],
  ['wider lists by aliases', () => pipeline(levels(6, 60, (names) => `[${names}]`))],
  [
    'mappings by aliases',
    () =>
      pipeline(
        levels(
          9,
          9,
          (names) =>
            `{${names
              .split(', ')
              .map((name, i) => `k${i}: ${name}`)
              .join(', ')}}`,
        ),
      ),
  ],
  ['many levels of two', () => pipeline(levels(60, 2, (names) => `[${names}]`))],
  [
    'merges by aliases',
    () =>
      pipeline(
        `m0: &m0 {a: b}\n${times(20, (i) => `m${i + 1}: &m${i + 1} {<<: [${times(10, () => `*m${i}`, ', ')}]}\n`)}`,
      ),
  ],
  [
    'merges of wide mappings',
    (n) =>
      pipeline(
        `b: &b {${times(n / 20, (i) => `k${i}: v`, ', ')}}\nx: {<<: [${times(n / 20, () => '*b', ', ')}]}`,
      ),
  ],
  ['a merge of itself', () => pipeline('x: &x {<<: *x}')],
  ['a list that holds itself', () => pipeline('x: &x [*x, *x]')],
  [
    'a long list many times',
    (n) =>
      pipeline(
        `b: &b [${times(n / 20, () => 'v', ', ')}]\nx: [${times(n / 20, () => '*b', ', ')}]`,
      ),
  ],
  ['deep brackets', (n) => pipeline(`x: ${'['.repeat(n)}${']'.repeat(n)}`)],
  ['open brackets', (n) => pipeline(`x: ${'['.repeat(n)}`)],
  ['deep braces', (n) => pipeline(`x: ${'{a: '.repeat(n)}`)],
  ['brackets and braces', (n) => '[{'.repeat(n)],
  ['deep dashes', (n) => `${'- '.repeat(n)}x`],
  ['deep question marks', (n) => `${'? '.repeat(n)}x`],
  ['deep colons', (n) => `${'a: '.repeat(n)}x`],
  ['deep mappings', (n) => times(Math.min(n / 8, 1_400), (i) => `${' '.repeat(i)}a:\n`)],
  ['deep lists', (n) => times(Math.min(n / 8, 1_400), (i) => `${' '.repeat(i)}-\n`)],
  ['an open quote', (n) => pipeline(`x: "${'a\\n'.repeat(n)}`)],
  ['an open text over lines', (n) => pipeline(`x: '${'a\n '.repeat(n)}`)],
  ['tags', (n) => pipeline(`x: [${times(n, () => '!!str v', ', ')}]`)],
  ['unknown tags', (n) => pipeline(times(n, (i) => `x${i}: !t${i} v\n`))],
  ['directives', (n) => `${times(n, (i) => `%TAG !t${i}! tag:a,2000:\n`)}---\n${pipeline('')}`],
  ['binary', (n) => pipeline(`x: !!binary ${'QUFB'.repeat(n)}`)],
  [
    'a matrix',
    () =>
      pipeline(
        `waggle:\n  matrix:\n${times(10, (i) => `    A${i}: [1, 2, 3, 4, 5, 6, 7, 8, 9]\n`)}`,
      ),
  ],
  ['braces of a pattern', () => pipeline(`trigger: {branch: ["${'{a,b}'.repeat(200)}"]}`)],
  [
    'stars of a pattern',
    () => pipeline(`trigger: {branch: ["${'*a'.repeat(500)}b", "${'**/'.repeat(300)}x"]}`),
  ],
  [
    'classes of a pattern',
    (n) =>
      pipeline(`trigger: {branch: [${times(n / 50, () => `"${'[a-z]*'.repeat(100)}"`, ', ')}]}`),
  ],
  ['nested substitutions', (n) => step(`  commands: [ "${'${A:-'.repeat(n)}" ]`)],
  ['long numbers', (n) => pipeline(`concurrency: {limit: ${'9'.repeat(n)}}\nx: ${'9'.repeat(n)}`)],
  ['long sizes', (n) => step(`  mem_limit: ${'9'.repeat(n)}gb`)],
  ['forbidden keys', (n) => pipeline(times(n, () => '__proto__: {constructor: {prototype: v}}\n'))],
  ['colliding keys', (n) => pipeline(`x:\n${times(n, (i) => `  ${i * 65_536}: v\n`)}`)],
  ['closing brackets', (n) => times(n, () => ']\n')],
  ['commas', (n) => pipeline(`x: [${','.repeat(n)}]`)],
  ['complex keys', (n) => pipeline(times(n, (i) => `? [k${i}]\n: v\n`))],
  ['tabs', (n) => `${'\t'.repeat(n)}x: [\n`],
  ['carriage returns', (n) => pipeline(`x: a${'\r'.repeat(n)}`)],
  ['control signs', (n) => pipeline(`x: "${'\0\u0007\u2028\ufeff'.repeat(n)}"`)],
  ['halves of signs', (n) => pipeline(`x: ${'\ud800'.repeat(n)}`)],
  ['ends of documents', (n) => times(n, () => 'kind: secret\n...\n')],
]

/** All of them, as large as a file may be. */
export const bombShapes: readonly FileShape[] = [...bombs, ...growingShapes]
