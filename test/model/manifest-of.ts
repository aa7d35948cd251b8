import type { StagePlan } from './model.ts'

/** The pipeline file with these stages. */
export const manifestOf = (stages: readonly StagePlan[]): string =>
  stages
    .map(({ name, arch, dependsOn, onSuccess, onFailure, limit }) => {
      const status = [...(onSuccess ? ['success'] : []), ...(onFailure ? ['failure'] : [])]
      return [
        'kind: pipeline',
        'type: docker',
        `name: ${name}`,
        `platform: { os: linux, arch: ${arch} }`,
        'steps:',
        '- name: one',
        '  image: waggle/busybox:1',
        '  commands: [echo hello]',
        `depends_on: [${dependsOn.join(', ')}]`,
        `trigger: { status: [${status.join(', ')}] }`,
        ...(limit > 0 ? [`concurrency: { limit: ${limit} }`] : []),
        '',
      ].join('\n')
    })
    .join('---\n')
