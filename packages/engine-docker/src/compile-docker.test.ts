// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions of pipeline files look like this
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Given, Spec, SpecStep } from '@waggle/domain'
import { type CompileSettings, defaultCompileSettings, printSpec } from '@waggle/pipeline'
import { describe, expect, it } from 'vitest'
import { compileDocker } from './compile-docker.ts'

const folder = join(import.meta.dirname, '../testdata')
const read = (name: string, file: string): string => readFileSync(join(folder, name, file), 'utf8')

interface Changes {
  readonly manifest?: string
  readonly repo?: Partial<Given['repo']>
  readonly build?: Partial<Given['build']>
  readonly stage?: Partial<Given['stage']>
  readonly secrets?: Given['secrets']
  readonly external?: Given['external']
  readonly netrc?: Given['netrc']
  readonly settings?: Partial<CompileSettings>
}

const base = JSON.parse(readFileSync(join(folder, 'given.json'), 'utf8')) as Given

const givenWith = ({ repo, build, stage, ...changes }: Changes): Given => ({
  ...base,
  manifest: changes.manifest ?? '',
  secrets: changes.secrets ?? [],
  external: changes.external,
  netrc: changes.netrc ?? null,
  repo: { ...base.repo, ...repo },
  build: { ...base.build, ...build },
  stage: { ...base.stage, ...stage },
})

const compile = (manifest: string, changes: Changes = {}) =>
  compileDocker(givenWith({ ...changes, manifest }), {
    ...defaultCompileSettings,
    ...changes.settings,
  })

const specOf = (manifest: string, changes?: Changes): Spec => {
  const result = compile(manifest, changes)
  if (result.kind === 'error') throw new Error(result.message)
  return result.spec
}

const pipeline = (text: string): string => `kind: pipeline\n${text}\n`

const stepOf = (step: string, changes?: Changes): SpecStep =>
  specOf(pipeline(`steps: [{name: a, image: b, ${step}}]`), changes).steps.at(-1)!

/** What the cases of the checklist are read for: without the variables and labels that every step has. */
const withoutUsual = ({
  spec,
  warnings,
}: Extract<ReturnType<typeof compile>, { kind: 'spec' }>) => {
  const usual =
    /^(CI|DRONE|WAGGLE|CI_.*|DRONE_(?!SCRIPT|NETRC|WORKSPACE|DOCKER).*|GIT_(COMMITTER|TERMINAL|.*EMAIL).*)$/
  const steps = spec.steps.map((step) => ({
    ...step,
    script: '',
    labels: {},
    environment: Object.fromEntries(
      Object.entries(step.environment).filter(([name]) => !usual.test(name)),
    ),
  }))
  const volumes = spec.volumes.map((volume) => ({ ...volume, labels: {} }))
  const network = { ...spec.network, labels: {} }
  const printed = printSpec({ ...spec, steps, volumes, network }) as object
  return { ...printed, masks: spec.masks, warnings }
}

describe('F42 compileDocker', () => {
  const cases = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())

  it.each(cases.map((entry) => entry.name))('compiles testdata/%s as it did', async (name) => {
    const changes = existsSync(join(folder, name, 'changes.json'))
      ? (JSON.parse(read(name, 'changes.json')) as Changes)
      : {}
    const result = compile(read(name, 'input.yml'), changes)
    if (result.kind === 'error') throw new Error(result.message)
    const printed = name.startsWith('F') ? withoutUsual(result) : printSpec(result.spec)
    await expect(`${JSON.stringify(printed, null, 2)}\n`).toMatchFileSnapshot(
      join(folder, name, 'spec.json'),
    )
  })

  it('says which step nobody wrote', () => {
    const { steps } = specOf(pipeline('steps: [{name: a, image: b}]'))
    expect(steps.map((step) => step.isImplicit)).toEqual([true, false])
    const own = 'clone: {disable: true}\nsteps: [{name: clone, image: b}]'
    expect(specOf(pipeline(own)).steps.map((step) => step.isImplicit)).toEqual([false])
  })

  it('compiles the same stage to the same spec', () => {
    const manifest = read('serial', 'input.yml')
    expect(specOf(manifest)).toEqual(specOf(manifest))
  })

  it('compiles the serial example of the specification', () => {
    const { steps, masks } = specOf(read('serial', 'input.yml'), {
      secrets: [{ name: 'DSN', value: 'pg://x' }],
    })
    expect(
      steps.map((step) => [
        step.name,
        step.image,
        step.dependsOn.join(),
        step.runPolicy,
        step.detach,
        step.workingDir,
        step.number,
        step.namespace,
      ]),
    ).toEqual([
      ['clone', 'drone/git:latest', '', 'always', false, '/drone/src/app', 1, 0],
      ['db', 'docker.io/library/postgres:16', 'clone', 'on-success', true, '', 2, -1],
      ['test', 'docker.io/library/node:20', 'db', 'on-success', false, '/drone/src/app', 3, 0],
      ['report', 'docker.io/acme/report:latest', 'test', 'always', false, '/drone/src/app', 4, 0],
      [
        'nightly',
        'docker.io/acme/nightly:latest',
        'report',
        'never',
        false,
        '/drone/src/app',
        0,
        -1,
      ],
    ])
    const [, , test, report] = steps
    expect(test?.entrypoint).toEqual(['/bin/sh', '-c'])
    expect(test?.command).toEqual(['echo "$DRONE_SCRIPT" | /bin/sh'])
    expect(test?.secrets).toEqual([{ name: 'dsn', env: 'DSN', value: 'pg://x' }])
    expect(report?.environment['PLUGIN_CHANNEL']).toBe('builds')
    expect(report?.secrets).toEqual([{ name: 'chat', env: 'PLUGIN_TOKEN', value: '' }])
    expect(masks).toEqual(['pg://x'])
    for (const step of steps)
      expect(step.mounts).toEqual([{ name: '_workspace', path: '/drone/src' }])
  })

  it('compiles the graph example of the specification', () => {
    const { steps } = specOf(read('graph', 'input.yml'))
    expect(steps.map((step) => [step.name, step.dependsOn, step.namespace])).toEqual([
      ['clone', [], 0],
      ['db', ['clone'], -1],
      ['a', ['clone'], 0],
      ['b', ['a'], 0],
      ['c', ['db'], 1],
    ])
  })

  it('derives every name from installation, stage, attempt and place', () => {
    const { steps, network, volumes } = specOf(
      pipeline('steps: [{name: a, image: b}]\nvolumes: [{name: v, temp: {}}]'),
    )
    expect(steps.map((step) => step.id)).toEqual(['waggle-i1-7-2-1', 'waggle-i1-7-2-2'])
    expect([network.id, ...volumes.map((volume) => volume.id)]).toEqual([
      'waggle-i1-7-2-net',
      'waggle-i1-7-2-ws',
      'waggle-i1-7-2-vol-1',
    ])
    expect(steps[1]?.labels).toMatchObject({
      'io.drone': 'true',
      'io.drone.ttl': '1h0m0s',
      'io.drone.step.name': 'a',
      'io.waggle.installation': 'i1',
      'io.waggle.stage': '7',
      'io.waggle.attempt': '2',
      'io.waggle.step': '2',
      'io.waggle.schema': '1',
    })
  })

  it.each<[string, Partial<SpecStep>]>([
    ['pull: Always', { pull: 'always' }],
    ['pull: true', { pull: 'default' }],
    ['failure: ignore', { errPolicy: 'ignore' }],
    ['failure: Ignore', { errPolicy: 'fail' }],
    ['failure: fast-fail', { errPolicy: 'fail-fast' }],
    ['user: 1000:1000', { user: '1000:1000' }],
    ['working_dir: /x', { workingDir: '/x' }],
    ['entrypoint: [/bin/x], command: [y]', { entrypoint: ['/bin/x'], command: ['y'] }],
    ['detach: true', { detach: true, workingDir: '', namespace: -1 }],
    ['when: {status: failure}', { runPolicy: 'on-failure' }],
    ['when: {event: tag}', { runPolicy: 'never', number: 0 }],
    ['when: {instance: "ci.*", repo: acme/*}', { runPolicy: 'on-success', number: 2 }],
  ])('reads %s', (text, expected) => {
    expect(stepOf(text)).toMatchObject(expected)
  })

  it("lets the file's memory limits win over the worker's", () => {
    const limits = { ...defaultCompileSettings.limits, memoryBytes: 100, cpuShares: 5 }
    const settings = { limits }
    expect(stepOf('mem_limit: 50', { settings }).limits).toEqual({ ...limits, memoryBytes: 50 })
    expect(stepOf('memswap_limit: 7', { settings }).limits).toEqual({
      ...limits,
      memorySwapBytes: 7,
    })
    expect(stepOf('mem_limit: 200', { settings }).limits).toEqual({ ...limits, memoryBytes: 200 })
    expect(stepOf('mem_limit: -1', { settings }).limits).toEqual(limits)
  })

  const denied: [string, string][] = [
    ['privileged: true', 'cannot enable privileged mode'],
    ['devices: [{name: a, path: /dev/a}]', 'cannot mount devices'],
    ['dns: [1.1.1.1]', 'cannot configure dns'],
    ['dns_search: [a]', 'cannot configure dns_search'],
    ['extra_hosts: ["a:1.1.1.1"]', 'cannot configure extra_hosts'],
    ['network_mode: host', 'cannot configure network_mode'],
    ['shm_size: 1', 'cannot configure shm_size'],
  ]

  it.each(denied)('refuses %s without trust, and to a fork with it', (text, message) => {
    const manifest = pipeline(`steps: [{name: a, image: b, ${text}}]`)
    const reason = `linter: untrusted repositories ${message}`
    const refusal = { kind: 'error', message: expect.stringContaining(reason) }
    const repo = { trusted: true }
    expect(compile(manifest)).toEqual(refusal)
    expect(compile(manifest, { repo, build: { sourceRepo: 'evil/app' } })).toEqual(refusal)
    expect(compile(manifest, { repo }).kind).toBe('spec')
    expect(compile(manifest, { repo, build: { sourceRepo: 'Acme/App' } }).kind).toBe('spec')
  })

  it.each<[string, string]>([
    ['steps: [~]', 'Linter: detected nil step'],
    ['steps: [{image: a}]', 'Linter: invalid or missing step name'],
    ['services: [{image: a}]', 'Linter: invalid or missing step name'],
    [
      `steps: [{name: ${'x'.repeat(101)}, image: a}]`,
      'Linter: step name cannot exceed 100 characters',
    ],
    ['steps: [{name: a, image: b}, {name: a, image: b}]', 'Linter: duplicate step name'],
    ['steps: [{name: clone, image: b}]', 'linter: duplicate step names'],
    [
      'services: [{name: a, image: b}]\nsteps: [{name: a, image: b}]',
      'linter: duplicate step names',
    ],
    ['steps: [{name: a}]', 'linter: invalid or missing image'],
    [
      'steps: [{name: a, image: b, volumes: [{name: _workspace, path: /x}]}]',
      'linter: invalid volume name: _workspace',
    ],
    [
      'steps: [{name: a, image: b, volumes: [{name: _waggle_1, path: /x}]}]',
      'linter: invalid volume name: _waggle_1',
    ],
    [
      'steps: [{name: a, image: b, volumes: [{name: v, path: /run//drone/x}]}]',
      'linter: cannot mount volume at /run/drone',
    ],
    [
      'steps: [{name: a, image: b, volumes: [{name: v, path: /a/../etc}]}]',
      'linter: invalid mount path',
    ],
    [
      'steps: [{name: a, image: b, depends_on: [c]}]',
      'linter: unknown step dependency detected: a references c',
    ],
    [
      'steps: [{name: a, image: b, depends_on: [a]}]',
      'linter: cyclical step dependency detected: a',
    ],
    [
      'clone: {disable: true}\nsteps: [{name: a, image: b, depends_on: [clone]}]',
      'linter: unknown step dependency detected: a references clone',
    ],
    [
      'volumes: [{name: v, temp: {medium: memory}}]',
      'linter: untrusted repositories cannot mount in-memory volumes',
    ],
    [
      'volumes: [{name: v, host: {path: /}}]',
      'linter: untrusted repositories cannot mount host volumes',
    ],
    ['volumes: [{temp: {}}]', 'linter: missing volume name'],
    ['volumes: [{name: _docker_socket, temp: {}}]', 'linter: invalid volume name: _docker_socket'],
    ['name: other', 'resource not found'],
    ['name: ${', 'unable to parse variable name'],
    ['steps: {a: b}', 'cannot unmarshal !!map'],
    [
      '---\nkind: pipeline\nname: other\nsteps: [{image: a}]',
      'Linter: invalid or missing step name',
    ],
  ])('refuses %j', (text, message) => {
    expect(compile(pipeline(text))).toEqual({
      kind: 'error',
      message: expect.stringContaining(message),
    })
  })

  it('ignores documents of other types, whatever is wrong with them', () => {
    expect(compile('kind: pipeline\ntype: ssh\nsteps: [~]\n---\nkind: pipeline\n').kind).toBe(
      'spec',
    )
  })

  it('does not let a value make steps, keys or commands', () => {
    const message = 'x}, privileged: true, y: {z\n- name: evil\n  image: evil'
    const script =
      'steps: [{name: a, image: "b:${DRONE_COMMIT_BRANCH}", commands: ["echo ${DRONE_COMMIT_MESSAGE}"]}]'
    const { steps } = specOf(pipeline(script), { build: { message, target: 'v1' } })
    expect(steps).toHaveLength(2)
    expect(steps[1]).toMatchObject({ privileged: false, image: 'docker.io/library/b:v1' })
    expect(steps[1]?.script).toContain('\necho ${DRONE_COMMIT_MESSAGE}\n')
    expect(steps[1]?.environment['DRONE_COMMIT_MESSAGE']).toBe(message)
  })

  it('gives a step the variables that its commands refer to', () => {
    const text = 'steps: [{name: a, image: b, commands: ["echo ${region^^}"]}]'
    const result = compile(pipeline(text), { build: { params: { region: 'a;b' } } })
    expect(result).toMatchObject({ kind: 'spec', warnings: [expect.stringContaining('region^^')] })
    const step = specOf(pipeline(text), { build: { params: { region: 'a;b' } } }).steps[1]!
    expect(step.script).toContain('\necho ${WAGGLE_VALUE_1}\n')
    expect(step.environment['WAGGLE_VALUE_1']).toBe('A;B')
  })

  it('resolves secrets without regard to case, masks all, and warns of missing ones', () => {
    const text = pipeline(
      'image_pull_secrets: [reg]\nsteps: [{name: a, image: r.example/x, environment: {A: {from_secret: Tok}, B: {from_secret: no}}}]',
    )
    const reg = '{"auths":{"r.example":{"username":"u","password":"hunter2"}}}'
    const secrets = [
      { name: 'TOK', value: 'line one\nline two' },
      { name: 'reg', value: reg },
    ]
    const netrc = { machine: 'm', login: 'l', password: 'netrc-token' }
    const result = compile(text, { secrets, netrc })
    if (result.kind === 'error') throw new Error(result.message)
    const step = result.spec.steps[1]!
    expect(step.secrets.map(({ env, value }) => [env, value])).toEqual([
      ['A', 'line one\nline two'],
      ['B', ''],
    ])
    expect(step.auth).toEqual({ address: 'r.example', username: 'u', password: 'hunter2' })
    expect(result.spec.masks).toEqual([
      reg,
      'line one\nline two',
      'netrc-token',
      'line one',
      'line two',
      'hunter2',
    ])
    expect(result.warnings).toEqual(['step a: there is no secret no; $B is empty'])
  })

  it('looks at the secret extension last, by the name as it is written', () => {
    const text = pipeline(
      'steps: [{name: a, image: b, environment: {A: {from_secret: own}, B: {from_secret: Far}, C: {from_secret: far}}}]',
    )
    const secrets = [
      { name: 'own', value: 'far', isExact: true, isExternal: true },
      { name: 'Far', value: 'away', isExact: true, isExternal: true },
    ]
    const step = specOf(text, { secrets, settings: { secrets: { OWN: 'worker' } } }).steps[1]
    expect(step?.secrets.map(({ value }) => value)).toEqual(['worker', 'away', ''])
  })

  it('gives every step the variables of the environment extension, and hides the masked ones', () => {
    const text = pipeline(
      'services: [{name: s, image: c}]\nsteps: [{name: a, image: "r.example/x:${TAG}"}]',
    )
    const external = {
      environment: [
        { name: 'TAG', value: 'v1', isMasked: false },
        { name: 'HIDDEN', value: 'hush-hush', isMasked: true },
      ],
      registries: [{ address: 'https://r.example/v2/', username: 'u', password: 'pass-word' }],
    }
    const spec = specOf(text, { external, settings: { environment: { TAG: 'own' } } })
    for (const step of spec.steps) {
      expect(step.environment).toMatchObject({ TAG: 'v1' })
      expect(step.environment).not.toHaveProperty('HIDDEN')
      expect(step.secrets).toEqual([{ name: 'HIDDEN', env: 'HIDDEN', value: 'hush-hush' }])
    }
    // Substitution knows the worker's variables only (environment.md §2.2).
    expect(spec.steps.at(-1)).toMatchObject({ image: 'r.example/x:own', auth: { username: 'u' } })
    expect(spec.masks).toEqual(expect.arrayContaining(['hush-hush', 'pass-word']))
  })

  it("keeps the worker's secrets from pull requests", () => {
    const text = pipeline('steps: [{name: a, image: b, environment: {A: {from_secret: own}}}]')
    const settings = { secrets: { OWN: 'value' } }
    const value = (build: Partial<Given['build']>) =>
      specOf(text, { settings, build }).steps[1]?.secrets[0]?.value
    expect(value({})).toBe('value')
    expect(value({ event: 'pull_request' })).toBe('')
  })

  it.each<[string, Partial<Given['build']>, boolean[]]>([
    // registry credentials; the worker's secret; privileged plugin; what needs a trusted repository
    ['a push', {}, [true, true, true, true]],
    ['a tag', { event: 'tag', ref: 'refs/tags/v1' }, [true, true, true, true]],
    ['a cron', { event: 'cron', cron: 'nightly' }, [true, true, true, true]],
    ['a promotion', { event: 'promote', deployTo: 'prod' }, [true, true, true, true]],
    [
      'a pull request of the repository',
      { event: 'pull_request', ref: 'refs/pull/7/head', sourceRepo: 'Acme/App' },
      [true, false, true, true],
    ],
    [
      'a pull request of a fork',
      { event: 'pull_request', ref: 'refs/pull/7/head', sourceRepo: 'evil/app' },
      [false, false, false, false],
    ],
    [
      'a pull request whose head nobody named',
      { event: 'pull_request', ref: 'refs/pull/7/head' },
      [false, false, false, false],
    ],
    [
      'a promoted fork',
      { event: 'promote', ref: 'refs/heads/x', sourceRepo: 'evil/app' },
      [false, false, false, false],
    ],
    [
      "a call for a pull request's ref",
      { event: 'custom', ref: 'refs/merge-requests/7/head' },
      [false, false, false, false],
    ],
  ])('gives %s what the table of origins says (threats C.1)', (_, build, expected) => {
    const text = pipeline(
      'image_pull_secrets: [reg]\nsteps: [{name: a, image: plugins/docker, settings: {own: {from_secret: own}}}, {name: b, image: r.example/x}]',
    )
    const reg = '{"auths":{"r.example":{"username":"u","password":"hunter2"}}}'
    const changes = {
      build,
      repo: { trusted: true },
      // A marked secret is no credential for a fork either.
      secrets: [{ name: 'reg', value: reg }],
      settings: {
        secrets: { own: 'value' },
        registries: [{ address: 'docker.io', username: 'w', password: 'worker' }],
      },
    }
    const [, plugin, image] = specOf(text, changes).steps
    const trusted = pipeline('steps: [{name: a, image: b, privileged: true}]')
    expect([image?.auth !== null, plugin?.auth !== null]).toEqual([expected[0], expected[0]])
    expect([
      image?.auth !== null,
      plugin?.secrets[0]?.value === 'value',
      plugin?.privileged,
      compile(trusted, changes).kind === 'spec',
    ]).toEqual(expected)
  })

  it('lets no option of the engine through that is not a key of the language (threats T-21)', () => {
    const options =
      'Annotations AutoRemove Binds BlkioDeviceReadBps BlkioWeight CapAdd CapDrop Cgroup CgroupParent CgroupnsMode ConsoleSize ContainerIDFile CpuCount CpuPercent CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime CpuShares CpusetCpus CpusetMems DeviceCgroupRules DeviceRequests Devices Dns DnsOptions DnsSearch Domainname Entrypoint Env ExposedPorts ExtraHosts GroupAdd Healthcheck HostConfig Hostname IOMaximumBandwidth Init IpcMode Isolation KernelMemory Labels Links LogConfig MacAddress MaskedPaths Memory MemoryReservation MemorySwap MemorySwappiness Mounts NanoCpus NetworkMode NetworkingConfig OomKillDisable OomScoreAdj PidMode PidsLimit PortBindings Privileged PublishAllPorts ReadonlyPaths ReadonlyRootfs RestartPolicy Runtime SecurityOpt ShmSize StopSignal StorageOpt Sysctls Tmpfs Tty UTSMode Ulimits UsernsMode VolumeDriver Volumes VolumesFrom'
    const known = new Set([
      'devices',
      'dns',
      'dns_search',
      'entrypoint',
      'extra_hosts',
      'network_mode',
      'privileged',
      'shm_size',
      'volumes',
    ])
    const spellings = options
      .split(' ')
      .flatMap((option) => [
        option,
        option.toLowerCase(),
        option.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase(),
      ])
    const keys = [...new Set(spellings)].filter((key) => !known.has(key))
    const plain = specOf(pipeline('steps: [{name: a, image: b}]\nvolumes: [{name: v, temp: {}}]'))
    for (const key of keys) {
      const evil = `${key}: [SYS_ADMIN]`
      const text = `steps: [{name: a, image: b, ${evil}}]\nvolumes: [{name: v, temp: {${evil}}, ${evil}}]\n${evil}`
      expect([key, specOf(pipeline(text))]).toEqual([key, plain])
    }
  })

  it('gives credentials of git to the clone step only, where the worker says so', () => {
    const netrc = { machine: 'm', login: 'l', password: 'p2' }
    const has = (settings: Partial<CompileSettings>) =>
      specOf(pipeline('steps: [{name: a, image: b}]'), { netrc, settings }).steps.map(
        (step) => 'DRONE_NETRC_FILE' in step.environment,
      )
    expect(has({})).toEqual([true, true])
    expect(has({ netrcCloneOnly: true })).toEqual([true, false])
  })

  it('does not clone without a source, or on a local directory', () => {
    const text = pipeline('steps: [{name: a, image: b}]')
    expect(specOf(text, { build: { cloneUrl: '' } }).steps[0]).toMatchObject({
      name: 'clone',
      runPolicy: 'never',
      number: 0,
    })
    const local = specOf(text, { settings: { localFolder: '/home/ana/app' } })
    expect(local.steps[0]?.runPolicy).toBe('never')
    expect(local.volumes[0]).toMatchObject({ kind: 'host', path: '/home/ana/app' })
    expect(local.steps[1]?.mounts).toEqual([{ name: '_workspace', path: '/drone/src' }])
  })

  it("adds the worker's networks and folders to every step", () => {
    const settings = {
      networks: ['shared'],
      volumes: [{ source: '/srv/git', target: '/srv/git', readOnly: true }],
    }
    const { steps, volumes } = specOf(pipeline('steps: [{name: a, image: b}]'), { settings })
    expect(volumes[1]).toMatchObject({ kind: 'host', path: '/srv/git', readOnly: true })
    for (const step of steps) {
      expect(step.networks).toEqual(['shared'])
      expect(step.mounts.at(-1)).toEqual({ name: volumes[1]?.name, path: '/srv/git' })
    }
  })

  it('runs listed plugins privileged, but not for forks', () => {
    const text = pipeline('steps: [{name: a, image: plugins/docker}]')
    expect(specOf(text).steps[1]).toMatchObject({ privileged: true, namespace: -1 })
    expect(specOf(text, { build: { sourceRepo: 'evil/app' } }).steps[1]?.privileged).toBe(false)
  })

  it('speaks PowerShell on Windows', () => {
    const { steps } = specOf(
      pipeline('platform: {os: windows}\nsteps: [{name: a, image: b, commands: [dir]}]'),
    )
    expect(steps[1]).toMatchObject({
      entrypoint: ['powershell', '-noprofile', '-noninteractive', '-command'],
      command: ['echo $Env:DRONE_SCRIPT | iex'],
      workingDir: 'c:\\drone\\src',
      environment: { SHELL: 'powershell.exe' },
    })
  })
})
