import { describe, expect, it } from 'vitest'
import { formatIssue } from '../manifest-issue.ts'
import { parseManifest } from '../parse-manifest.ts'

const head = 'kind: pipeline\nname: test\n'

const pipelineOf = (text: string) => {
  const { documents, issues } = parseManifest(head + text)
  expect(issues.map(formatIssue)).toEqual([])
  const [document] = documents
  if (document?.role !== 'pipeline') throw new Error('no pipeline')
  return document.pipeline
}

const stepOf = (waggle: string, step = 'name: a, image: b') =>
  pipelineOf(`steps:\n- { ${step}, waggle: ${waggle} }\n`).steps[0]?.waggle

const serviceOf = (check: string) =>
  pipelineOf(`services:\n- { name: a, image: b, waggle: { healthcheck: ${check} } }\n`).services[0]
    ?.waggle.healthcheck

describe('the waggle key of a step', () => {
  it('holds timeout and retry', () => {
    expect(
      stepOf('{ timeout: 1h30m, retry: { count: 3, on: [failure, 75, timeout], delay: 10s } }'),
    ).toEqual({
      timeoutMs: 5_400_000,
      retry: { count: 3, on: ['failure', 75, 'timeout'], delayMs: 10_000 },
      healthcheck: null,
    })
  })

  it('takes a number of retries alone, and one reason without a list', () => {
    expect(stepOf('{ retry: 2 }')?.retry).toEqual({ count: 2, on: ['failure'], delayMs: 0 })
    expect(stepOf('{ retry: { count: 1, on: error } }')?.retry.on).toEqual(['error'])
  })

  it('leaves values with variables to the compilation', () => {
    expect(stepOf(`{ timeout: "\${LIMIT}", retry: "\${COUNT}" }`)).toMatchObject({ timeoutMs: 0 })
  })
})

describe('the waggle key of a service', () => {
  const timing = { intervalMs: 1_000, timeoutMs: 5_000, retries: 60, startPeriodMs: 0 }

  it('asks by a line for the shell, by a program, by port, and by path', () => {
    expect(serviceOf('{ command: pg_isready -U me }')).toEqual({
      probe: { kind: 'command', command: ['/bin/sh', '-c', 'pg_isready -U me'] },
      ...timing,
    })
    expect(serviceOf('{ command: [pg_isready, -U, me] }')?.probe).toEqual({
      kind: 'command',
      command: ['pg_isready', '-U', 'me'],
    })
    expect(serviceOf('{ port: 5432 }')?.probe).toEqual({ kind: 'port', port: 5432 })
    expect(serviceOf('{ http: /health, port: 80 }')?.probe).toEqual({
      kind: 'http',
      port: 80,
      path: '/health',
    })
  })

  it('says how often and how long', () => {
    expect(
      serviceOf('{ port: 1, interval: 500ms, timeout: 2s, retries: 3, start_period: 1m }'),
    ).toMatchObject({ intervalMs: 500, timeoutMs: 2_000, retries: 3, startPeriodMs: 60_000 })
  })

  it('is for detached steps as well', () => {
    const waggle = stepOf('{ healthcheck: { port: 80 } }', 'name: a, image: b, detach: true')
    expect(waggle?.healthcheck?.probe).toEqual({ kind: 'port', port: 80 })
  })
})

describe('the waggle key of a volume', () => {
  const volumes = (text: string) => pipelineOf(`volumes:\n- ${text}\n`).volumes

  it('makes it a cache, with its name as the key where there is none', () => {
    expect(volumes('{ name: npm, waggle: { cache: {} } }')).toEqual([
      { name: 'npm', source: { kind: 'cache', key: 'npm', maxAgeMs: 0, sizeLimitBytes: 0 } },
    ])
    expect(
      volumes('{ name: npm, waggle: { cache: { key: node-22, max_age: 72h, size: 2gb } } }'),
    ).toEqual([
      {
        name: 'npm',
        source: {
          kind: 'cache',
          key: 'node-22',
          maxAgeMs: 259_200_000,
          sizeLimitBytes: 2_147_483_648,
        },
      },
    ])
  })

  it('wins over temp, which is what the volume is elsewhere', () => {
    expect(volumes('{ name: npm, temp: {}, waggle: { cache: {} } }')[0]?.source.kind).toBe('cache')
  })
})

describe('the waggle key of a pipeline', () => {
  it('holds the retry of the stage', () => {
    const { retry } = pipelineOf('waggle: { retry: { count: 1, on: [worker_lost, 3] } }\n').waggle
    expect(retry).toEqual({ count: 1, on: ['worker_lost', 3], delayMs: 0 })
  })
})

describe('mistakes under waggle', () => {
  const step = (waggle: string, more = '') =>
    `steps:\n- name: a\n  image: b\n${more}  waggle: ${waggle}\n`
  const service = (check: string) =>
    `services:\n- name: a\n  image: b\n  waggle: { healthcheck: ${check} }\n`
  const cases: readonly [string, string][] = [
    [
      step('{ timout: 5m }'),
      "document 1, line 6, column 13: steps[0].waggle: unknown key 'timout': did you mean 'timeout'?",
    ],
    [
      step('{ colour: red }'),
      "document 1, line 6, column 13: steps[0].waggle: unknown key 'colour': known are timeout, retry, healthcheck",
    ],
    [
      'waggle: { matrx: {} }\n',
      "document 1, line 3, column 11: waggle: unknown key 'matrx': did you mean 'matrix'?",
    ],
    [
      step('{ timeout: 5 }'),
      'document 1, line 6, column 22: steps[0].waggle.timeout: must be a duration with its unit, such as 90s, 10m or 1h30m',
    ],
    [
      step('{ timeout: 1ms }'),
      'document 1, line 6, column 22: steps[0].waggle.timeout: must be from 1s to 480h',
    ],
    [
      step('[]'),
      'document 1, line 6, column 11: steps[0].waggle: cannot unmarshal !!seq into mapping',
    ],
    [
      step('{ retry: 11 }'),
      'document 1, line 6, column 20: steps[0].waggle.retry: must be a whole number from 0 to 10',
    ],
    [
      step('{ retry: { on: 3 } }'),
      'document 1, line 6, column 20: steps[0].waggle.retry: count is missing: how many further tries?',
    ],
    [
      step('{ retry: { count: 1, on: [failre] } }'),
      "document 1, line 6, column 37: steps[0].waggle.retry.on[0]: did you mean 'failure'?",
    ],
    [
      step('{ retry: { count: 1, on: [78] } }'),
      'document 1, line 6, column 37: steps[0].waggle.retry.on[0]: exit code 78 is a success and ends the stage: it is not retried',
    ],
    [
      step('{ retry: { count: 1, on: 256 } }'),
      'document 1, line 6, column 36: steps[0].waggle.retry.on: an exit code is a number from 1 to 255',
    ],
    [
      step('{ retry: { count: 1, on: worker_lost } }'),
      'document 1, line 6, column 36: steps[0].waggle.retry.on: a lost worker takes the whole stage with it: name worker_lost in the retry of the pipeline',
    ],
    [
      'waggle: { retry: { count: 1, delay: 3s } }\n',
      "document 1, line 3, column 30: waggle.retry: unknown key 'delay': known are count, on",
    ],
    [
      step('{ healthcheck: { port: 80 } }'),
      'document 1, line 6, column 26: steps[0].waggle.healthcheck: only a service or a step with detach is asked whether it is ready',
    ],
    [
      step('{ retry: 1 }', '  detach: true\n'),
      'document 1, line 7, column 20: steps[0].waggle.retry: a detached step ends with the stage: it has no timeout and no retry',
    ],
    [
      service('{ interval: 1s }'),
      'document 1, line 6, column 26: services[0].waggle.healthcheck: command, port or http is missing',
    ],
    [
      service('{ command: true, port: 80 }'),
      'document 1, line 6, column 37: services[0].waggle.healthcheck.command: a healthcheck has a command, or a port, or http with its port',
    ],
    [
      service('{ http: health, port: 80 }'),
      'document 1, line 6, column 34: services[0].waggle.healthcheck.http: must be the path of a GET, such as /health',
    ],
    [
      service('{ port: 0 }'),
      'document 1, line 6, column 34: services[0].waggle.healthcheck.port: must be a whole number from 1 to 65535',
    ],
    [
      'volumes:\n- name: a\n  host: { path: /a }\n  waggle: { cache: {} }\n',
      'document 1, line 6, column 20: volumes[0].waggle.cache: a volume is a cache or a folder of the host, not both',
    ],
    [
      'volumes:\n- name: a\n  waggle: { cache: { size: 5 } }\n',
      'document 1, line 5, column 28: volumes[0].waggle.cache.size: must be a size such as 500mb or 2gb, of at least 1mb',
    ],
  ]
  it.each(cases)('%s', (text, issue) => {
    expect(parseManifest(head + text).issues.map(formatIssue)).toEqual([issue])
  })
})
