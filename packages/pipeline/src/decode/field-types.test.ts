import { describe, expect, it } from 'vitest'
import { formatIssue } from '../manifest-issue.ts'
import { parseManifest } from '../parse-manifest.ts'

type Type = 'str' | 'bool' | 'int' | 'float' | 'size' | '[str]' | '{str}' | 'map' | '[map]'

/** A value of each type that it does not take, as written. */
const wrong: Readonly<Record<Type, readonly string[]>> = {
  str: ['[a]', '{a: b}'],
  bool: ['"true"', '1', 'text', '[a]'],
  int: ['"2"', 'yes', 'text', '{a: b}'],
  float: ['"2"', '500m', '[a]'],
  size: ['abc', '1.5.2g', '-1g', '[a]'],
  '[str]': ['a', '{a: b}', '[[a]]', '[{a: b}]'],
  '{str}': ['a', '[a]', '{a: [b]}', '{a: {b: c}}'],
  map: ['text', '[a]'],
  '[map]': ['text', '{a: b}', '[text]'],
}

/** Every key of pipeline.md §4.1, §4.6 and §5 that a pipeline of any type is decoded by, with its type. */
const lenient: Readonly<Record<Type, string>> = {
  str: `kind type name version platform.os platform.arch platform.variant platform.version workspace.base
    workspace.path steps[0].name steps[0].image steps[0].failure steps[0].pull steps[0].user
    steps[0].working_dir steps[0].network_mode steps[0].shell steps[0].volumes[0].name
    steps[0].volumes[0].path steps[0].devices[0].name steps[0].devices[0].path volumes[0].name
    volumes[0].temp.medium volumes[0].host.path steps[0].environment.A.value
    steps[0].environment.A.from_secret steps[0].build.context steps[0].build.dockerfile
    steps[0].build.image steps[0].push.image steps[0].ports[0].protocol services[0].image`,
  bool: `clone.disable clone.skip_verify clone.trace steps[0].detach steps[0].privileged
    services[0].privileged`,
  int: `concurrency.limit clone.depth clone.retries steps[0].ports[0].port steps[0].ports[0].host`,
  float: `steps[0].resources.limits.cpu steps[0].resources.requests.cpu`,
  size: `steps[0].shm_size steps[0].mem_limit steps[0].memswap_limit volumes[0].temp.size_limit
    steps[0].resources.limits.memory steps[0].resources.requests.memory`,
  '[str]': `depends_on image_pull_secrets steps[0].commands steps[0].command steps[0].entrypoint
    steps[0].depends_on steps[0].dns steps[0].dns_search steps[0].extra_hosts
    steps[0].build.cache_from services[0].commands`,
  '{str}': `node environment trigger.matrix steps[0].when.matrix steps[0].build.args
    steps[0].build.labels`,
  map: `platform clone workspace concurrency trigger volumes[0].temp volumes[0].host
    steps[0].environment steps[0].settings steps[0].when steps[0].resources
    steps[0].resources.limits`,
  '[map]': 'steps services volumes steps[0].volumes steps[0].devices',
}

/** Keys that only a worker of the type kubernetes or ssh decodes (§7). */
const ofType: Readonly<Record<'kubernetes' | 'ssh', Partial<Record<Type, string>>>> = {
  kubernetes: {
    str: `metadata.namespace node_name service_account_name tolerations[0].effect tolerations[0].key
      tolerations[0].operator tolerations[0].value host_aliases[0].ip dns_config.options[0].name
      dns_config.options[0].value steps[0].volumes[0].sub_path volumes[0].claim.name
      volumes[0].config_map.name volumes[0].secret.name`,
    bool: `volumes[0].claim.read_only volumes[0].config_map.optional volumes[0].secret.optional`,
    int: `tolerations[0].toleration_seconds tolerations[0].tolerationseconds resources.requests.cpu
      resources.limits.cpu steps[0].user steps[0].group volumes[0].config_map.default_mode
      volumes[0].secret.default_mode`,
    size: 'resources.requests.memory resources.limits.memory',
    '[str]': 'dns_config.nameservers dns_config.searches host_aliases[0].hostnames',
    '{str}': 'metadata.labels metadata.annotations node_selector',
    map: 'metadata dns_config resources volumes[0].claim volumes[0].config_map volumes[0].secret',
    '[map]': 'tolerations host_aliases dns_config.options',
  },
  ssh: { map: 'server', str: 'server.host.value server.password.from_secret' },
}

const words = (text = ''): string[] => text.trim().split(/\s+/).filter(Boolean)

const rowsOf = (keys: Partial<Record<Type, string>>): [string, Type][] =>
  Object.entries(keys).flatMap(([type, names]) =>
    words(names).map((name): [string, Type] => [name, type as Type]),
  )

/** `a[0].b` with its value, as a flow collection. */
const written = (path: string, value: string): string =>
  path
    .replaceAll('[0]', '.0')
    .split('.')
    .reduceRight((inner, key) => (key === '0' ? `[${inner}]` : `{${key}: ${inner}}`), value)

/** All that is wrong with a pipeline that has one more key, on the third line. */
const issuesOf = (path: string, value: string, type: string) => {
  const [first = ''] = path.split(/[.[]/)
  const head = ['kind: pipeline', `type: ${type}`].filter((line) => !line.startsWith(`${first}:`))
  const text = `${[...head, ...['# x', '# x'].slice(head.length)].join('\n')}\n${written(path, value).slice(1, -1)}\n`
  const { documents, issues } = parseManifest(text)
  const [document] = documents
  return [...issues, ...(document?.role === 'pipeline' ? document.stageIssues : [])]
}

const expectRefused = (path: string, value: string, type: string): void => {
  const told = issuesOf(path, value, type).filter((issue) => issue.path.startsWith(path))
  expect({ value, told: told.map(formatIssue) }).not.toEqual({ value, told: [] })
  for (const { code, document, line, column } of told) {
    expect({ code, document, line }).toEqual({ code: 'type_mismatch', document: 1, line: 3 })
    expect(column).toBeGreaterThan(1)
  }
}

describe.each(['docker', 'exec', 'kubernetes', 'ssh', 'vm'])('a pipeline of type %s', (type) => {
  it.each(rowsOf(lenient))('has %s as %s, refuses other types at their place', (path, of) => {
    for (const value of wrong[of]) expectRefused(path, value, type)
  })

  it.each(rowsOf(lenient).filter(([path]) => path !== 'kind'))(
    'takes %s without a value as not set',
    (path) => {
      for (const value of ['', '~', 'null'])
        expect(issuesOf(path, value, type).map(formatIssue)).toEqual([])
    },
  )
})

describe.each(['kubernetes', 'ssh'] as const)('the keys of type %s', (type) => {
  it.each(rowsOf(ofType[type]))('are typed: %s is %s', (path, of) => {
    for (const value of wrong[of]) expectRefused(path, value, type)
    for (const value of ['', '~']) expect(issuesOf(path, value, type).map(formatIssue)).toEqual([])
  })

  // The schema of docker has keys of these names of its own.
  const alsoOfDocker = /^steps\[0\]\.user$|sub_path$/
  const unknown = rowsOf(ofType[type]).filter(([path]) => !alsoOfDocker.test(path))

  it.each(unknown)('are unknown elsewhere: docker passes %s over', (path, of) => {
    for (const value of wrong[of])
      expect(issuesOf(path, value, 'docker').map(formatIssue)).toEqual([])
  })
})
