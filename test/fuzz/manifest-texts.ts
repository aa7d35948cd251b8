// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions of pipeline files look like this
import fc from 'fast-check'

/** Files that hold about everything that the language has. */
const seeds = [
  `kind: pipeline
type: docker
name: build
platform: { os: linux, arch: amd64 }
clone: { depth: 50, disable: false, trace: yes }
workspace: { base: /drone, path: src }
concurrency: { limit: 2 }
node: { disk: ssd }
environment: { A: b, C: 1.10 }
volumes:
- { name: cache, temp: {} }
- { name: disk, temp: { size_limit: 1gb } }
services:
- name: db
  image: postgres:16
  environment: { PASSWORD: { from_secret: db } }
steps:
- name: test
  image: golang:1.22
  pull: always
  commands:
  - go test ./...
  - echo "\${DRONE_COMMIT_MESSAGE}" \${DRONE_BRANCH##*/}
  - |
    if true; then
      make
    fi
  volumes: [ { name: cache, path: /cache } ]
  when:
    event: [ push, tag ]
    branch: { include: [ main, rel/* ], exclude: [ wip/** ] }
- name: publish
  image: plugins/docker
  settings: { repo: acme/app, tags: [ latest, "\${DRONE_COMMIT_SHA:0:7}" ], password: { from_secret: hub } }
  depends_on: [ test ]
  failure: ignore
  mem_limit: 64mb
  privileged: false
trigger: { branch: main, event: { exclude: [ cron ] } }
`,
  `kind: pipeline
type: exec
name: host
steps:
- name: one
  commands: [ ls, "echo \${DRONE_COMMIT_MESSAGE@Q}" ]
- name: two
  commands: [ ls ]
  depends_on: [ one, clone ]
`,
  `kind: pipeline
type: kubernetes
name: pod
metadata: { namespace: ci, labels: { a: b } }
tolerations: [ { key: a, operator: Exists, toleration_seconds: 5 } ]
resources: { requests: { cpu: 100, memory: 1gb } }
volumes: [ { name: c, claim: { name: data } } ]
steps:
- { name: a, image: b, user: 1000, resources: { limits: { cpu: 500 } } }
---
kind: secret
name: hub
get: { path: ci/hub, name: password }
---
kind: signature
hmac: 00
`,
  `kind: pipeline
x-base: &base { image: alpine, pull: never }
steps:
- { <<: *base, name: a, commands: [ one ] }
- name: b
  <<: [ *base ]
  commands: >-
    folded
    text
  waggle: { timeout: 5m, retry: { limit: 2 } }
waggle:
  matrix: { NODE: [ 20, 22 ] }
...
ignored: [
`,
]

/** Keys and values that one would try to get something with. */
const pieces = [
  ...[
    'privileged: true',
    'network_mode: host',
    'devices: [{name: a, path: /dev/kvm}]',
    'dns: [::1]',
  ],
  ...[
    'image: plugins/docker',
    'image: docker.io/plugins/docker:1',
    'image: PLUGINS/Docker',
    'user: 0',
  ],
  ...['volumes: [{name: sock, path: /var/run/docker.sock}]', 'entrypoint: [sh]', 'command: [sh]'],
  ...['commands: [id]', 'extra_hosts: [a:1.1.1.1]', 'environment: {LD_PRELOAD: x}', 'detach: on'],
  ...[
    '${DRONE_COMMIT_MESSAGE}',
    '$${A}',
    '${A',
    '${A:=${B}}',
    '${A//x/y}',
    '${A:0:-1}',
    '__proto__: {}',
  ],
  ...[
    'constructor: {prototype: {x: 1}}',
    '*n',
    '&n',
    '<<: *n',
    '!!binary AA==',
    '? ',
    ': ',
    '- ',
    '---\n',
  ],
  ...['[', ']', '{', '}', '"', "'", '|', '>', '#', '%', '\t', '\r\n', '\n', '\n  ', '\0', '\u2028'],
  ...[
    '\ufeff',
    '\ud800',
    '\u{1f600}',
    '~',
    'on',
    '0x1F',
    '1e999',
    '.nan',
    '-1',
    '9'.repeat(40),
    '...\n',
  ],
  ...['a'.repeat(300), '['.repeat(70), '- '.repeat(70), '*a'.repeat(30), '{a,b}'.repeat(12)],
] as const

/** A seed with a few pieces put in, or cut out: as lines of their own, or anywhere. */
export const damagedTexts: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.array(
      fc.record({
        at: fc.nat(2_000),
        cut: fc.constantFrom(0, 0, 1, 4),
        add: fc.constantFrom('', ...pieces),
        isLine: fc.boolean(),
      }),
      { minLength: 1, maxLength: 2 },
    ),
  )
  .map(([seed, edits]) =>
    edits.reduce((text, { at, cut, add, isLine }) => {
      const place = at % (text.length + 1)
      if (!isLine) return text.slice(0, place) + add + text.slice(place + cut)
      const start = text.lastIndexOf('\n', place) + 1
      const indent = /^ */.exec(text.slice(start, start + 20))?.[0] ?? ''
      return `${text.slice(0, start)}${indent}${add}\n${text.slice(start)}`
    }, seed),
  )

/** Pieces and nothing else. */
export const soupTexts: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 12 })), { maxLength: 40 })
  .map((parts) => parts.join(''))

const word = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'clone',
    'db',
    'plugins/docker',
    'plugins/ecr:latest',
    'alpine',
    'main',
  ),
  fc.constantFrom('${DRONE_COMMIT_MESSAGE}', '${DRONE_BRANCH}', '${NOPE:-plugins/docker}', 'host'),
  fc.constantFrom(
    '/run/drone',
    '/cache',
    '/var/run/docker.sock',
    'C:\\x',
    '../x',
    'always',
    'ignore',
  ),
  fc.string({ maxLength: 8 }),
)
const words = fc.array(word, { maxLength: 3 })
const wordMap = fc.dictionary(fc.constantFrom('A', 'PATH', 'LD_PRELOAD', 'DOCKER_HOST', 'a'), word)
const mounts = fc.array(fc.record({ name: word, path: word }), { maxLength: 2 })
const rarely = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: values })

const step = fc.record({
  name: fc.oneof(
    { weight: 6, arbitrary: fc.stringMatching(/^[a-z]{1,6}$/) },
    { weight: 1, arbitrary: word },
  ),
  image: word,
  commands: fc.option(words, { nil: undefined }),
  command: rarely(words),
  entrypoint: rarely(words),
  environment: rarely(wordMap),
  settings: rarely(wordMap),
  privileged: rarely(fc.boolean()),
  network_mode: rarely(word),
  devices: rarely(mounts),
  dns: rarely(words),
  extra_hosts: rarely(words),
  shm_size: rarely(fc.constantFrom('1gb', 5, -1, 'x')),
  volumes: rarely(mounts),
  depends_on: rarely(words),
  detach: rarely(fc.boolean()),
  failure: rarely(word),
  user: rarely(word),
  working_dir: rarely(word),
  when: rarely(fc.dictionary(fc.constantFrom('branch', 'event', 'paths', 'status'), words)),
})

const volume = fc.record({
  name: word,
  temp: rarely(fc.constantFrom({}, { medium: 'memory' })),
  host: rarely(fc.record({ path: word })),
  claim: rarely(fc.record({ name: word })),
})

const pipeline = fc.record({
  kind: fc.constant('pipeline'),
  type: fc.constantFrom('docker', 'docker', 'exec', 'kubernetes', 'ssh', undefined),
  name: fc.option(fc.stringMatching(/^[a-z]{1,4}$/), { nil: undefined }),
  environment: rarely(wordMap),
  workspace: rarely(fc.record({ base: word, path: word })),
  steps: fc.array(step, { maxLength: 2 }),
  services: rarely(fc.array(step, { maxLength: 1 })),
  volumes: rarely(fc.array(volume, { maxLength: 3 })),
  trigger: rarely(fc.dictionary(fc.constantFrom('branch', 'event', 'paths', 'status'), words)),
  image_pull_secrets: rarely(words),
})

/** Files of the right form, with whatever in them. */
export const formedTexts: fc.Arbitrary<string> = fc
  .array(pipeline, { minLength: 1, maxLength: 2 })
  .map((documents) => documents.map(printDocument).join('---\n'))

const printDocument = (document: object): string =>
  Object.entries(document)
    .map(([key, value]) => (value === undefined ? '' : `${key}: ${printFlow(value)}\n`))
    .join('')

const printFlow = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(printFlow).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const pairs = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return `{${pairs.map(([key, inner]) => `${JSON.stringify(key)}: ${printFlow(inner)}`).join(', ')}}`
}

/** What a stranger can put into a commit, a branch or a build's parameters. */
export const hostileValues: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    'x}, privileged: true, y: {z',
    '\nprivileged: true\n',
    '"; id #',
    '$(id)',
    '`id`',
  ),
  fc.constantFrom('plugins/docker', "it's", '${DRONE_BRANCH}', '\0', '\u{1f600}', '[docs]'),
  fc.string({ maxLength: 20 }),
)
